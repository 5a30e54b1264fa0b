"""Region-adaptive sampling: on most steps, compute only the parts of the picture that are in focus.

In focus is where the predicted velocity varies least over channels, as in the authors' code. There, a part
once left out may stay out for good; here each step that leaves it out makes it more likely to be computed.

Reference: Liu et al., Region-Adaptive Sampling for Diffusion Transformers (2025), https://arxiv.org/abs/2502.10389
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from math import ceil
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import tokens_report
from app.engine.sites import Attention, Block, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Tokens
from app.graph.node import node
from app.graph.widgets import Number, Slider


@dataclass
class Memory:
    """The last answer of every token, how often each was left out since, and the keys that others look at."""

    velocity: Tensor | None = None
    dropped: Tensor | None = None
    active: Tensor | None = None
    bank: dict[Attention, Heads] = field(default_factory=dict)
    computed: list[Tensor | None] = field(default_factory=list)
    layout: Layout | None = None
    tokens: int = 0
    steps: int = 0


@dataclass(frozen=True)
class RegionAdaptiveSampling(Patch[Memory]):
    """Computes `sample_ratio` of the tokens from step `start` on; the others repeat their last velocity.

    Those still stand in attention with their last keys and values. Every `reset_interval`-th step computes
    all. A batch is one call of the model, so it shares its choice, made by the mean over its pictures.
    """

    sample_ratio: float
    start: int
    reset_interval: int
    starvation: float

    # tokens that come and go are more than what caches and other attention can follow
    claims: ClassVar[frozenset[str]] = frozenset({"tokens", "blocks", "modules", "attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps, memory.layout, memory.tokens = step.total, step.whole, step.layout.image
        memory.active = self.choose(step, memory)
        memory.computed.append(memory.active)
        denoised = call(given)
        if given.sigma == 0:
            return denoised
        velocity = (given.latent - denoised) / given.sigma
        if memory.active is not None and memory.velocity is not None:
            fresh = torch.zeros(memory.tokens, dtype=torch.bool, device=velocity.device)
            fresh[memory.active] = True
            velocity = velocity.where(over_cells(fresh, step.layout, velocity), memory.velocity)
            denoised = given.latent - given.sigma * velocity
        memory.velocity = velocity
        return denoised

    def choose(self, step: Step, memory: Memory) -> Tensor | None:
        """Return the tokens to compute, rising; None for all."""
        count, whole = ceil(self.sample_ratio * memory.tokens), step.layout
        reset = step.index < self.start or (step.index - self.start + 1) % self.reset_interval == 0
        if (
            reset
            or memory.velocity is None
            or memory.dropped is None
            or count >= memory.tokens
            or step.sigma == 0
        ):
            memory.dropped = torch.zeros(memory.tokens)
            return None
        score = spread(memory.velocity, whole).cpu() * torch.exp(-self.starvation * memory.dropped)
        active = score.argsort(stable=True)[:count].sort().values
        memory.dropped += 1
        memory.dropped[active] = 0
        return active.to(memory.velocity.device)

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if memory.active is None or not block.in_trunk:
            return call(tokens)
        if block.first:
            step.select(memory.active)
            tokens = Tokens({**tokens.streams, "image": tokens.image[:, memory.active]})
        after = call(tokens)
        if block.last:
            step.select(None)
            image = after.image.new_zeros(len(after.image), memory.tokens, after.image.shape[2])
            image[:, memory.active] = after.image
            after = Tokens({**after.streams, "image": image})
        return after

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if not attention.is_self or not attention.block.in_trunk or self.sample_ratio == 1:
            return call(heads)
        if memory.active is not None:
            rows, kept = step.whole.rows(attention.keys, memory.active), memory.bank[attention]
            key, value = kept.key.index_copy(2, rows, heads.key), kept.value.index_copy(2, rows, heads.value)
            heads = replace(heads, key=key, value=value)
        memory.bank[attention] = heads
        return call(heads)

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        layout = next((memory.layout for memory in memories.values()), None)
        computed = [active for memory in memories.values() for active in memory.computed]
        steps = max(memory.steps for memory in memories.values())
        return tokens_report("region_adaptive_sampling", steps, layout, computed)


def spread(velocity: Tensor, layout: Layout) -> Tensor:
    """Return how much each token's velocity varies over channels, (N,), mean over its cells and the batch."""
    cells = velocity.float().std(dim=1).mean(dim=0)
    frames, rows, columns = layout.grid
    return (
        cells.reshape(frames, -1, rows, cells.shape[-2] // rows, columns, cells.shape[-1] // columns)
        .mean((1, 3, 5))
        .flatten()
    )


def over_cells(tokens: Tensor, layout: Layout, like: Tensor) -> Tensor:
    """Return a value for each latent cell, shaped to broadcast over `like`, from one for each token."""
    sizes = like.shape[2:] if like.ndim == 5 else (1, *like.shape[2:])
    cells = tokens.reshape(layout.grid)
    for axis, size in enumerate(sizes):
        cells = cells.repeat_interleave(size // layout.grid[axis], dim=axis)
    return cells if like.ndim == 5 else cells[0]


@node(patch=RegionAdaptiveSampling)
def region_adaptive_sampling(
    model: Model,
    sample_ratio: Annotated[float, Slider(0.1, 1.0, step=0.05)] = 0.5,
    start: Annotated[int, Number(1, 1000)] = 4,
    reset_interval: Annotated[int, Number(1, 1000)] = 9,
    starvation: Annotated[float, Slider(0.0, 2.0, step=0.05)] = 0.1,
) -> Model:
    """Compute only part of the picture on most steps; the rest goes on as it went before.

    Args:
        model: The diffusion transformer to speed up.
        sample_ratio: Share of the tokens that is computed; 1 computes all, lower is faster and less exact.
        start: Steps at the start that compute all tokens.
        reset_interval: After them, compute all tokens again every so many steps.
        starvation: How fast a part that was left out comes into focus; 0 goes by the picture alone.
    """
    return model.with_patch(RegionAdaptiveSampling(sample_ratio, start, reset_interval, starvation))
