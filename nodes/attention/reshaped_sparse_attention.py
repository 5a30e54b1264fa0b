"""Re-ttention: look at what is near, and correct it by what the whole picture gave some steps ago.

A step that looks at everything keeps two things for each query: the share of its attention that lies within
the window, and what the rest of the picture added. Windows run along the sequence: rows, then frames.

Reference: Chen et al., Re-ttention: Ultra Sparse Visual Generation (2025), https://arxiv.org/abs/2505.22918
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from app.engine.attention.block_sparse import attend_all, attend_blocks
from app.engine.attention.density import Density, report_of
from app.engine.attention.log_sum import Attended
from app.engine.attention.partition import Partition, Pattern, with_text
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Sequence
from app.graph.node import node
from app.graph.widgets import Number, Slider

LARGEST, FEWEST = 64, 16  # tokens of a block at most, and blocks of a sequence at least


@dataclass(frozen=True, eq=False)
class Kept:
    """What a layer's last full step says about the others.

    Attributes:
        step: The step.
        share: (B, K, N, 1), of each query's attention that lies within its window.
        rest: (B, K, N, d), what the tokens outside of it added.
    """

    step: int
    share: Tensor
    rest: Tensor

    def grown(self, growth: float) -> Kept:
        return replace(self, share=(self.share + growth).clamp(max=1))


@dataclass
class Memory:
    """Windows by attention sequence, what each layer kept, and what was looked at."""

    windows: dict[Sequence, Pattern] = field(default_factory=dict)
    kept: dict[tuple[Attention, int], Kept] = field(default_factory=dict)
    density: Density = field(default_factory=Density)


@dataclass(frozen=True)
class ReshapedSparseAttention(Patch[Memory]):
    """Looks at everything up to step `full_until` and at every `interval`-th from there; else at a window.

    Attributes:
        sparsity: Share of the picture outside the window.
        full_until: Number of steps, at the beginning, that look at everything.
        interval: Steps from one full step to the next.
        growth: How much the share of the window is taken to grow with each step since.
    """

    sparsity: float
    full_until: int
    interval: int
    growth: float

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        layout, late = step.layout, step.index - self.full_until
        if self.sparsity == 0 or not attention.between_image_tokens:
            return call(heads)
        if late < 0 or layout.active is not None:
            memory.density.add_dense(attention.block.depth, heads)
            return call(heads)
        sequence = attention.queries
        if sequence not in memory.windows:
            memory.windows[sequence] = windows(layout, sequence, self.sparsity, heads.query.device)
        place, window = (attention, step.evaluation), memory.windows[sequence]
        known, due = memory.kept.get(place), step.index - late % self.interval

        def attend(heads: Heads) -> Tensor:
            if known and known.step >= due:  # a cache may have left this layer out in the step that was due
                memory.kept[place] = known.grown(self.growth)
                memory.density.add(attention.block.depth, heads, window)
                return known.share * attend_blocks(heads, window).output + known.rest
            whole = attend_all(heads)
            memory.kept[place] = kept_of(heads, whole, window, step.index)
            memory.density.add_dense(attention.block.depth, heads)
            return whole.output

        return call(replace(heads, attend=attend))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        return report_of("reshaped_sparse_attention", (memory.density for memory in memories.values()))


def kept_of(heads: Heads, whole: Attended, window: Pattern, step: int) -> Kept:
    """Return what the window alone would miss of attention to everything."""
    near = attend_blocks(heads, window)
    share = (near.log_sum - whole.log_sum).exp().clamp(max=1)[..., None].to(near.output.dtype)
    return Kept(step, share, whole.output - share * near.output)


def windows(layout: Layout, sequence: Sequence, sparsity: float, device: torch.device) -> Pattern:
    """Return the band of blocks around each block of image tokens, beside all of the text."""
    length = layout.image
    size = min(LARGEST, max(1, length // FEWEST))
    count = -(-length // size)
    sizes = torch.full((1, 1, count), size, device=device)
    sizes[..., -1] = length - size * (count - 1)
    cut, at = (
        Partition(torch.arange(length, device=device)[None, None], sizes),
        torch.arange(count, device=device),
    )
    reach = max(0, round(((1 - sparsity) * count - 1) / 2))
    keep = ((at[:, None] - at[None]).abs() <= reach)[None, None]
    return with_text(Pattern(cut, cut, keep), layout.spans(sequence))


@node(patch=ReshapedSparseAttention)
def reshaped_sparse_attention(
    model: Model,
    sparsity: Annotated[float, Slider(0.0, 0.99, step=0.01)] = 0.85,
    full_until: Annotated[int, Number(0, 1000)] = 5,
    interval: Annotated[int, Number(1, 100)] = 5,
    growth: Annotated[float, Slider(0.0, 0.5, step=0.01)] = 0.04,
) -> Model:
    """Look at what is near on most steps, and correct it by what the whole picture gave last.

    Args:
        model: The diffusion transformer to speed up.
        sparsity: Share of the picture outside the window; 0 changes nothing.
        full_until: So many steps at the beginning look at everything; as many as there are change nothing.
        interval: From there on, every so many steps look at everything again.
        growth: By how much the window is taken to gain weight with each step in between.
    """
    return model.with_patch(ReshapedSparseAttention(sparsity, full_until, interval, growth))
