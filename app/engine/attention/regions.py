"""Prompts for parts of the picture: who may attend to whom.

Reference: Chen et al., Training-free Regional Prompting for Diffusion Transformers (2024), https://arxiv.org/abs/2411.02395
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.imaging.masks import fitted
from app.engine.media import Mask
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Sequence
from app.graph.problem import Refusal

INSIDE = 0.5  # coverage from which on an image token belongs to the region


@dataclass
class Memory:
    """Which pairs may attend, by (queries, keys, number of image tokens)."""

    kept: dict[tuple[Sequence, Sequence, int], Tensor] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class RegionalPrompt(Patch[Memory]):
    """Lets the text tokens `start` to `end` and the image tokens under `mask` attend to each other only.

    Image tokens always see the whole picture. A branch with fewer text tokens, such as the negative prompt's,
    is left alone.
    """

    mask: Mask
    base: int
    start: int
    end: int
    share_background: bool

    inner: ClassVar[bool] = True
    image_attention: ClassVar[bool] = False

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        has_text = "text" in (attention.queries, attention.keys) or attention.queries == "joint"
        if not has_text or step.layout.text < self.end:
            return call(heads)
        key = attention.queries, attention.keys, step.layout.image
        if step.layout.active is not None or key not in memory.kept:
            asking = self.marks(step.layout, attention.queries, heads.query.shape[-2])
            asked = self.marks(step.layout, attention.keys, heads.key.shape[-2])
            pairs = allowed(asking, asked, self.share_background)
            memory.kept[key] = pairs.to(heads.query.device)
        return call(heads.with_mask(memory.kept[key]))

    def marks(self, layout: Layout, sequence: Sequence, length: int) -> Marks:
        """Return what each token of a sequence of some length is."""
        alone = sequence == "text" and length != layout.text
        text = torch.arange(length) if alone else torch.arange(layout.text) - layout.lead
        own, base = (text >= self.start) & (text < self.end), (text >= 0) & (text < self.base)
        inside = self.inside(layout)
        nothing_text, nothing_image = torch.zeros_like(own), torch.zeros_like(inside)
        parts = {
            "text": Marks(own, base, nothing_text, ~nothing_text),
            "image": Marks(nothing_image, nothing_image, inside, nothing_image),
        }
        order = layout.order if sequence == "joint" else (sequence,)
        chosen = [parts[name] for name in order]
        return Marks(*(torch.cat(columns) for columns in zip(*chosen, strict=True)))

    def inside(self, layout: Layout) -> Tensor:
        """Return which image tokens that are at work lie in the region, (N,)."""
        frames, rows, columns = layout.grid
        covered = fitted(self.mask, columns, rows, 1)[0].flatten().repeat(frames) >= INSIDE
        return covered if layout.active is None else covered[layout.active.to(covered.device)]

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        applied = sorted(branch for branch, memory in memories.items() if memory.kept)
        return {"technique": "regional_prompt", "tokens": [self.start, self.end], "branches": applied}


class Marks(NamedTuple):
    """For each token (N,): of the region's prompt, of the background's, in the region, text at all."""

    own: Tensor
    base: Tensor
    inside: Tensor
    text: Tensor


def allowed(asking: Marks, asked: Marks, share_background: bool) -> Tensor:
    """Return the pairs (N, M) that may attend: the region's prompt meets only itself and its region."""
    own = asking.own[:, None] & ~(asked.own | asked.inside)
    owned = asked.own & ~(asking.own | asking.inside)[:, None]
    blocked = own | owned
    if not share_background:
        blocked |= (asking.inside[:, None] & asked.base) | (asking.base[:, None] & asked.inside)
    return ~blocked


def add_region(
    model: Model, conditioning: Conditioning, prompt: Conditioning, mask: Mask, share_background: bool
) -> tuple[Model, Conditioning]:
    """Return a model and a conditioning with one more prompt, for the part of the picture under `mask`."""
    if model.family.class_table is not None:
        raise Refusal(
            f"{model.family.name} is told a class, and has no words that a region could hear.",
            "Use Limit to area, and combine the classes.",
            code="unsupported",
            input="model",
        )
    if not mask.coverage.gt(INSIDE).any():
        raise Refusal(
            "The mask is empty, so the prompt has no place.",
            "Connect a mask that covers a part of the picture.",
            code="empty_mask",
            input="mask",
        )
    earlier = [patch for patch in model.patches if isinstance(patch, RegionalPrompt)]
    start = conditioning.tokens.shape[1]
    end = start + prompt.tokens.shape[1]
    base = earlier[0].base if earlier else start
    tokens = torch.cat([conditioning.tokens, prompt.tokens.expand(len(conditioning.tokens), -1, -1)], dim=1)
    patch = RegionalPrompt(mask, base, start, end, share_background)
    return model.with_patch(patch), replace(conditioning, tokens=tokens)
