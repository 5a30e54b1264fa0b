"""Context drop: image tokens look at averages over small squares of the picture instead of every token.

An average counts as many times as it has tokens, so nothing changes where these are equal. This weighting
and the choice of blocks are ours.

Reference: Zhuo et al., Lumina-Next (2024), https://arxiv.org/abs/2406.18583
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor
from torch.nn.functional import avg_pool3d

from app.engine.attention.groups import grid_rows
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads, dense
from app.engine.step import Step
from app.engine.tokens import Layout, Sequence
from app.graph.node import node
from app.graph.widgets import Number


@dataclass
class Memory:
    """Squares by attention sequence, the same at every step; sums of keys there were and keys looked at."""

    squares: dict[Sequence, Squares] = field(default_factory=dict)
    keys: int = 0
    seen: int = 0


@dataclass(frozen=True)
class KvPooling(Patch[Memory]):
    """Averages keys and values over squares of `factor` tokens a side, except in the first blocks."""

    factor: int
    dense_blocks: int

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        sequence, length = attention.keys, heads.key.shape[2]
        if not attention.between_image_tokens:
            return call(heads)
        memory.keys += length
        if self.factor == 1 or attention.block.depth < self.dense_blocks:
            memory.seen += length
            return call(heads)
        if sequence not in memory.squares:
            device = heads.key.device
            memory.squares[sequence] = squares(step.layout, sequence, length, self.factor, device)
        cells = memory.squares[sequence]
        memory.seen += len(cells.rows)
        return call(replace(heads, attend=cells.attend))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        keys, seen = (sum(getattr(memory, name) for memory in memories.values()) for name in ("keys", "seen"))
        return {"technique": "kv_pooling", "density": seen / keys} if seen < keys else None


@dataclass(frozen=True, eq=False)
class Squares:
    """The squares of the grid, and the sequence in which each stands for its tokens.

    Attributes:
        image: Where the image tokens lie in the whole sequence.
        rows: (M,), rows of the whole sequence that remain; the first token of a square stands for it.
        counts: (M,), how many tokens a row of the shorter sequence stands for.
    """

    grid: tuple[int, int, int]
    factor: int
    image: slice
    rows: Tensor
    counts: Tensor

    def attend(self, heads: Heads) -> Tensor:
        """Let all queries look at the short sequence."""
        short = replace(heads, key=self.shorten(heads.key), value=self.shorten(heads.value))
        return dense(replace(short, mask=self.weigh(heads.mask, heads.key)))

    def shorten(self, x: Tensor) -> Tensor:
        """(B, K, N, d) -> (B, K, M, d), with the mean over each square."""
        short = x[:, :, self.rows]
        batch, count, _, width = x.shape
        means = self.pool(x[:, :, self.image].mT.reshape(batch * count, width, *self.grid))
        means = means.reshape(batch, count, width, -1).mT
        short[:, :, self.image.start : self.image.start + means.shape[2]] = means
        return short

    def pool(self, cells: Tensor) -> Tensor:
        square = (1, self.factor, self.factor)
        return avg_pool3d(cells, square, ceil_mode=True, count_include_pad=False)

    def weigh(self, mask: Tensor | None, like: Tensor) -> Tensor:
        """Return a mask for the shorter sequence that counts every row as often as it has tokens."""
        weight = self.counts.log().to(like.dtype)
        if mask is None:
            return weight[None, None, None]
        mask = mask.expand(*mask.shape[:-1], like.shape[2])[..., self.rows]
        return weight.where(mask, float("-inf")) if mask.dtype == torch.bool else mask + weight


def squares(layout: Layout, sequence: Sequence, length: int, factor: int, device: torch.device) -> Squares:
    """Lay squares over the grid; those at the lower and right edge may be cut off."""
    span, grid = layout.spans(sequence)["image"], layout.grid
    first = grid_rows(grid, span.start, device)[:, ::factor, ::factor].flatten()
    before, after = torch.arange(span.start, device=device), torch.arange(span.stop, length, device=device)
    sizes = avg_pool3d(
        torch.ones(1, 1, *grid, device=device), (1, factor, factor), ceil_mode=True, divisor_override=1
    )
    counts = [torch.ones_like(before), sizes.flatten(), torch.ones_like(after)]
    return Squares(grid, factor, span, torch.cat([before, first, after]), torch.cat(counts))


@node(patch=KvPooling, title="KV pooling")
def kv_pooling(
    model: Model,
    factor: Annotated[int, Number(1, 8)] = 2,
    dense_blocks: Annotated[int, Number(0, 100)] = 2,
) -> Model:
    """Let the picture look at averages of itself. Saves time on large pictures.

    Args:
        model: The diffusion transformer to speed up.
        factor: Side of the squares that are averaged, in tokens; 1 changes nothing.
        dense_blocks: So many blocks at the beginning keep every token.
    """
    return model.with_patch(KvPooling(factor, dense_blocks))
