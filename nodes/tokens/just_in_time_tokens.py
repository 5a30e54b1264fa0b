"""Just-in-time tokens: begin with a third of the picture's tokens and add the others while it takes shape.

Tokens that do not take part move with what their neighbours predict. One that joins is set, as far as
`relax_steps` says, onto the way from the run's own noise to what was predicted at its place. A solver keeps
its own latent, so the model is shown that one plus a correction, which shrinks with the noise level: at the
end both are the same.

Reference: Sun et al., Just-in-Time (2026), https://github.com/Wenhao-Sun77/Just-in-Time
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

import torch
from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import tokens_report
from app.engine.reuse.lifting import anchors, lift, local_variance
from app.engine.reuse.subset import cells_to_tokens, enter, leave, mask_of, tokens_to_cells
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Layout, Tokens
from app.graph.node import node
from app.graph.widgets import Number, Slider

Select = Literal["variance", "grid"]


@dataclass
class Memory:
    """Which tokens take part, what was predicted last, and by how much the shown latent is another one.

    Attributes:
        active: Tokens that take part, rising; None for all.
        density: Share of the tokens that the present stage asks for; 0 before the first.
        noise: What the run started from, as pure noise.
        velocity: Of the last call, lifted, as the latent.
        denoised: Of the last call, lifted.
        correction: What the model's latent has more than the solver's, over the noise level.
    """

    active: Tensor | None = None
    density: float = 0.0
    noise: Tensor | None = None
    velocity: Tensor | None = None
    denoised: Tensor | None = None
    correction: Tensor | None = None
    layout: Layout | None = None
    computed: list[Tensor | None] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class JustInTimeTokens(Patch[Memory]):
    """Computes share `densities[k]` of the tokens up to `ends[k]` of the steps, and then all."""

    densities: tuple[float, float]
    ends: tuple[float, float]
    relax_steps: int
    select: Select

    # tokens that come and go are more than what caches and other attention can follow
    claims: ClassVar[frozenset[str]] = frozenset({"tokens", "blocks", "modules", "attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps, memory.layout = step.total, step.whole
        density = self.density(step)
        if memory.correction is not None:
            given = replace(given, latent=given.latent + step.sigma * memory.correction)
        if density != memory.density:
            given = self.begin_stage(step, memory, given, density)
        memory.computed.append(memory.active)
        denoised = call(given)
        if step.sigma == 0 or (memory.active is None and memory.correction is None):
            return denoised
        return self.lifted(step, memory, given, denoised)

    def density(self, step: Step) -> float:
        """Return the share of the tokens that the step is meant to compute."""
        for end, density in zip(self.ends, self.densities, strict=True):
            if step.index < end * step.total and step.sigma > 0:
                return density
        return 1.0

    def begin_stage(self, step: Step, memory: Memory, given: ModelInput, density: float) -> ModelInput:
        """Choose the tokens of the stage; return the question with those that are new set on their way."""
        before, grid = memory.active, step.whole.grid
        memory.density = density
        memory.active = self.choose(step, memory, density, given.latent.device)
        if before is None or memory.denoised is None or memory.noise is None or step.sigma == 0:
            return given
        target = (1 - step.sigma) * memory.denoised + step.sigma * memory.noise
        change = (target - given.latent) / max(1, self.relax_steps)
        fresh = ~mask_of(before, grid)
        if memory.active is not None:
            fresh &= mask_of(memory.active, grid)
        change = tokens_to_cells(cells_to_tokens(change, grid) * fresh, change)
        kept = 0.0 if memory.correction is None else memory.correction
        memory.correction = kept + change / step.sigma
        return replace(given, latent=given.latent + change)

    def choose(self, step: Step, memory: Memory, density: float, device: torch.device) -> Tensor | None:
        """Return the tokens of a stage; adaptively, those of the stage before and the liveliest others."""
        whole = step.whole
        count = int(whole.image * density)
        if count >= whole.image:
            return None
        if memory.active is None or memory.velocity is None or self.select == "grid":
            return anchors(whole.grid, max(1, count)).to(device)
        if count <= len(memory.active):
            return memory.active
        score = local_variance(cells_to_tokens(memory.velocity, whole.grid))
        score[memory.active] = float("inf")
        return score.topk(count).indices.sort().values

    def lifted(self, step: Step, memory: Memory, given: ModelInput, denoised: Tensor) -> Tensor:
        """Return the denoised sample with what the other tokens' neighbours predict."""
        velocity = (given.latent - denoised) / step.sigma
        if memory.active is not None:
            share = len(memory.active) / step.whole.image
            field = lift(cells_to_tokens(velocity, step.whole.grid), memory.active, share)
            velocity = tokens_to_cells(field, velocity)
            denoised = given.latent - step.sigma * velocity
        memory.velocity, memory.denoised = velocity, denoised
        if memory.noise is None:
            memory.noise = given.latent + (1 - step.sigma) * velocity
        return denoised

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if memory.active is None or not block.in_trunk:
            return call(tokens)
        after = call(enter(step, tokens, memory.active) if block.first else tokens)
        return leave(step, after, memory.active) if block.last else after

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        layout = next((memory.layout for memory in memories.values()), None)
        computed = [active for memory in memories.values() for active in memory.computed]
        steps = max(memory.steps for memory in memories.values())
        return tokens_report("just_in_time_tokens", steps, layout, computed)


@node(patch=JustInTimeTokens, title="Just-in-time tokens")
def just_in_time_tokens(
    model: Model,
    first_density: Annotated[float, Slider(0.05, 1.0, step=0.01)] = 0.35,
    second_density: Annotated[float, Slider(0.05, 1.0, step=0.01)] = 0.62,
    first_end: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.4,
    second_end: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.65,
    relax_steps: Annotated[int, Number(1, 20)] = 3,
    select: Select = "variance",
) -> Model:
    """Compute few tokens while the outline forms, more while it takes shape, and all for the details.

    Args:
        model: The diffusion transformer to speed up; the paper samples it in 18 steps of the beta schedule.
        first_density: Share of the tokens in the first stage; 1 in both stages computes all.
        second_density: Share of the tokens in the second stage.
        first_end: Share of the steps after which the second stage begins.
        second_end: Share of the steps after which all tokens are computed.
        relax_steps: A token that joins is set 1/relax_steps of the way to where it should be; 1 is all.
        select: Add the tokens around which the prediction varies most, or go by an even grid.
    """
    densities, ends = (first_density, second_density), (first_end, second_end)
    return model.with_patch(JustInTimeTokens(densities, ends, relax_steps, select))
