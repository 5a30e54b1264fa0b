"""CFG cache: on most steps, the answer without the prompt differs from the one with it as it did before.

The paper weighs low and high frequencies of that difference apart; here the whole difference in velocity is
kept as it is. It serves every guider: any branch but `cond` is replaced.

Reference: Lv et al., FasterCache (2024), https://arxiv.org/abs/2410.19355
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import grid_report
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Number, Slider


@dataclass
class Memory:
    """The answer of `cond` now, and by how much the velocity of each other branch differed from it."""

    cond: Tensor | None = None
    asked: tuple[int, int] = (-1, -1)
    differences: dict[tuple[str, int], Tensor] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class GuidanceCache(Patch[Memory]):
    """Between `start` and `end`, asks branches other than `cond` on every `interval`-th step only."""

    interval: int
    start: float
    end: float

    claims: ClassVar[frozenset[str]] = frozenset({"branches"})
    shares_branches: ClassVar[bool] = True

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps = step.total
        now, kept = (step.index, step.evaluation), memory.differences.get((step.branch, step.evaluation))
        if step.side == "cond":
            memory.rows.append("c")
            denoised = call(given)
            if step.branch == "cond":
                memory.cond, memory.asked = denoised, now
            return denoised
        beside = memory.cond if memory.asked == now and step.sigma > 0 else None
        if beside is not None and beside.shape != given.latent.shape:
            beside = None  # one of the two is asked about an area only
        if beside is not None and kept is not None and not self.computes(step):
            memory.rows.append("r")
            return beside - step.sigma * kept
        memory.rows.append("c")
        denoised = call(given)
        if beside is not None:
            memory.differences[step.branch, step.evaluation] = (beside - denoised) / step.sigma
        return denoised

    def computes(self, step: Step) -> bool:
        """Whether every branch is asked at this step."""
        first = round(self.start * step.total)
        return not first <= step.index < self.end * step.total or (step.index - first) % self.interval == 0

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        rows = [memory.rows for memory in memories.values()]
        return grid_report("guidance_cache", steps, rows, cells="calls")


@node(patch=GuidanceCache, title="CFG cache")
def guidance_cache(
    model: Model,
    interval: Annotated[int, Number(1, 20)] = 5,
    start: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.2,
    end: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 1.0,
) -> Model:
    """Ask the model without the prompt on some steps only; guidance then costs little more than none.

    Args:
        model: The diffusion transformer to speed up, sampled with guidance.
        interval: Every how many steps the other branches are asked; 1 is always, higher is faster and less
            exact.
        start: Share of the steps at the start that ask all branches.
        end: Share of the steps from which on all branches are asked again.
    """
    return model.with_patch(GuidanceCache(interval, start, end))
