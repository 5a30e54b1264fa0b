"""Sparse attention the plain way, with a mask over all pairs, and random operands for it."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from app.engine.model import Patch
from app.engine.sites import Attention, Block, Heads
from app.engine.step import Step
from app.engine.tokens import Layout

Place = tuple[int, int, int]  # (frame, row, column)
Sees = Callable[[Place, Place], bool]

JOINT = Attention(Block("blocks", 0, 0, 1), "attn", "joint", "joint")
IMAGE = Attention(Block("blocks", 0, 0, 1), "attn", "image", "image")


def mask(layout: Layout, attention: Attention, sees: Sees) -> Tensor:
    """Return which pairs count: text sees and is seen by all, image tokens see each other by `sees`."""
    spans = layout.spans(attention.queries)
    length = sum(span.stop - span.start for span in spans.values())
    places = [(int(f), int(y), int(x)) for f, y, x in layout.positions()]
    keep = torch.ones(length, length, dtype=torch.bool)
    keep[spans["image"], spans["image"]] = torch.tensor([[sees(a, b) for b in places] for a in places])
    return keep


@dataclass(frozen=True)
class Masked(Patch[None]):
    """The plain way as a technique."""

    sees: Sees

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if not attention.is_self or not attention.block.in_trunk:
            return call(heads)
        return call(heads.with_mask(mask(step.layout, attention, self.sees)))


def attend(heads: Heads) -> Tensor:
    """Stand in for the model below all techniques."""
    return heads.attend(heads)


def operands(length: int, batch: int = 2, extra: Tensor | None = None) -> Heads:
    random = torch.Generator().manual_seed(5)
    query, key, value = (torch.randn(batch, 2, length, 8, generator=random) for _ in range(3))
    return Heads(query, key, value, extra)


def at(layout: Layout) -> Step:
    return Step(0, 1, 1.0, "cond", 0, layout)
