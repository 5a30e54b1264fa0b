"""HarmoniCa: a learned table says which attention modules and MLPs run at which step; the others reuse.

Reference: Huang et al., HarmoniCa (2024), https://arxiv.org/abs/2410.01723
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from torch import Tensor

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import grid_report
from app.engine.reuse.router import RouterTable
from app.engine.sites import Arguments, Part
from app.engine.step import Step
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Slider


@dataclass
class Memory:
    """What each module returned last, in each evaluation of a step, and its number in the table."""

    kept: dict[tuple[int, Part], Any] = field(default_factory=dict)
    places: dict[Part, int] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True, eq=False)
class HarmoniCa(Patch[Memory]):
    """Runs a module where its score is above `threshold`; the first step runs all."""

    router: RouterTable
    threshold: float

    claims: ClassVar[frozenset[str]] = frozenset({"modules", "mlp"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps = step.total
        memory.rows.append("")
        denoised = call(given)
        self.refuse_other_model(len(memory.places))
        return denoised

    def wrap_module(
        self, step: Step, memory: Memory, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        if not part.block.in_trunk:
            return call(given)
        place = memory.places.setdefault(part, len(memory.places))
        kept = memory.kept.get((step.evaluation, part))
        if kept is not None and not self.router.runs(step, place, self.threshold):
            memory.rows[-1] += "r"
            return kept
        memory.rows[-1] += "c"
        output = memory.kept[step.evaluation, part] = call(given)
        return output

    def refuse_other_model(self, modules: int) -> None:
        known = self.router.scores.shape[1]
        if known not in (1, modules):
            raise Refusal(
                f"The router is for a model with {known} modules, this one has {modules}.",
                "Learn a router for this model.",
                code="bad_router",
                input="router",
            )

    def keeps(self, flow: Flow) -> int:
        return flow.attention + flow.mlps

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        rows = [memory.rows for memory in memories.values()]
        return grid_report("harmonica", steps, rows, cells="modules")


@node(patch=HarmoniCa, title="HarmoniCa")
def harmonica(
    model: Model,
    router: RouterTable,
    threshold: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.1,
) -> Model:
    """Run each attention module and MLP only at the steps at which a learned table finds it needed.

    Args:
        model: The diffusion transformer to speed up.
        router: The table for this model, from Learn router or Router table.
        threshold: Score above which a module runs; 0 runs nearly all, higher is faster and less exact.
    """
    return model.with_patch(HarmoniCa(router, threshold))
