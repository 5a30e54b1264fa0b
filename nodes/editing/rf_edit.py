"""RF-Edit: walk from a picture to its noise and back with another prompt, keeping what attention passed on.

On the way to noise the values of self-attention are kept in the last blocks; in the first steps of the way
back, at the same noise levels, they take the place of the new ones.

Reference: Wang et al., Taming Rectified Flow for Inversion and Editing (2024), https://arxiv.org/abs/2411.04746
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.guidance.sides import ask_side, refuse_patching
from app.engine.media import Latent
from app.engine.model import Model, Patch
from app.engine.sampling import Branch, Denoise, Guider, OnStep, Sampling, Sigmas
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.walking.retracing import retrace
from app.graph.node import Context, node
from app.graph.widgets import Number, Slider


@dataclass
class Memory:
    """Values of image tokens by (step of the way back, evaluation, block), and how many were used."""

    values: dict[tuple[int, int, int], Tensor] = field(default_factory=dict)
    used: int = 0


@dataclass(frozen=True)
class KeepValues(Patch[Memory]):
    """Keeps values on the way there and gives them to the first `steps` steps of the way back."""

    steps: int
    share: float

    shares_branches: ClassVar[bool] = True

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        block, rows = attention.block, step.layout.spans(attention.queries).get("image")
        late = block.in_trunk and block.depth >= round(block.count * (1 - self.share))
        if rows is None or not attention.is_self or not late:
            return call(heads)
        half = step.total // 2
        there = step.index < half
        back = half - 1 - step.index if there else step.index - half
        key = back, step.evaluation, block.depth
        if there and back < self.steps:
            memory.values[key] = heads.value[:, :, rows].cpu()
        elif not there and key in memory.values:
            value = heads.value.clone()
            value[:, :, rows] = memory.values[key].to(value)
            memory.used += 1
            heads = replace(heads, value=value)
        return call(heads)

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        return {"technique": "rf_edit", "values_used": sum(memory.used for memory in memories.values())}


@dataclass(frozen=True, eq=False)
class ThereAndBack:
    """Asks `source` in the first half of the steps and `target` in the second."""

    source: Conditioning
    target: Guider
    patch: KeepValues

    def patched(self, model: Model) -> Model:
        return replace(model, patches=(self.patch, *model.patches)) if self.patch.steps else model

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        if branch.place.index < branch.place.total // 2:
            return branch(latent, sigma, self.source, "there cond")
        return ask_side(self.target, branch, "back", latent, sigma)


@dataclass(frozen=True)
class RoundTrip:
    """RF-Solver's midpoint rule from the end of the schedule to its beginning and to the end again."""

    def steps_through(self, sigmas: Sigmas) -> int:
        return 2 * sigmas.steps

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        levels = (*sigmas.values[::-1], *sigmas.values[1:])
        return retrace(denoise, latent, levels, on_step, midpoint=True)


@node(title="RF-Edit")
def rf_edit(
    context: Context,
    model: Model,
    source: Conditioning,
    target: Guider,
    sigmas: Sigmas,
    latent: Latent,
    keep_steps: Annotated[int, Number(0, 1000)] = 4,
    keep_blocks: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.32,
) -> Latent:
    """Edit a picture by going back to its noise and on with another prompt. Four calls of the model a step.

    Args:
        model: The diffusion transformer, with the techniques on its wire.
        source: A prompt for the picture as it is.
        target: Guidance with a prompt for the picture to come.
        sigmas: The noise levels to visit, from 1; a first level below 1 keeps more of the picture.
        latent: The encoded picture.
        keep_steps: In how many of the first steps of the way back values are kept; 0 never.
        keep_blocks: Share of the blocks, counted from the last, that keep values.
    """
    refuse_patching(target, "target")
    guider = ThereAndBack(source, target, KeepValues(keep_steps, keep_blocks))
    return Latent(Sampling(model, guider, RoundTrip(), sigmas).walk(latent.samples, context), latent.family)
