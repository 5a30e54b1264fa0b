"""TaylorSeer by module: forecast what each attention module and MLP returns, and compute the rest.

Norms, and the scale, shift and gate of the step at hand, still act on the forecast, as in the paper. Where a
model has no separate MLP, as in the single blocks of Flux, only the attention module is forecast there.

Reference: Liu et al., From Reusable to Predictable: TaylorSeers (2025), https://arxiv.org/abs/2503.06923
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Literal

from torch import Tensor

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import grid_report
from app.engine.reuse.expansion import Expansion, expand
from app.engine.sites import Arguments, Part
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Number

Which = Literal["all", "attention"]


@dataclass
class Memory:
    """An expansion of each output of a module, for each evaluation that a solver makes in a step."""

    expansions: dict[tuple[int, Part], tuple[Expansion[Tensor], ...]] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class TaylorSeerModules(Patch[Memory]):
    """Computes modules in the first `warmup` steps and every `interval`-th one after them."""

    interval: int
    order: int
    warmup: int
    modules: Which

    claims: ClassVar[frozenset[str]] = frozenset({"modules", "mlp"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps = step.total
        memory.rows.append("")
        return call(given)

    def wrap_module(
        self, step: Step, memory: Memory, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        if not part.block.in_trunk or (self.modules == "attention" and part.role != "attention"):
            return call(given)
        known = memory.expansions.get((step.evaluation, part))
        if known and not self.computes(step.index):
            memory.rows[-1] += "p"
            forecasts = tuple(expansion.forecast(step.index) for expansion in known)
            return forecasts if len(forecasts) > 1 else forecasts[0]
        memory.rows[-1] += "c"
        output = call(given)
        outputs = output if isinstance(output, tuple) else (output,)
        memory.expansions[step.evaluation, part] = tuple(
            expand(known[at] if known else None, step.index, value, self.order)
            for at, value in enumerate(outputs)
        )
        return output

    def computes(self, index: int) -> bool:
        """Whether the modules run at this step."""
        return index < self.warmup or (index - self.warmup + 1) % self.interval == 0

    def keeps(self, flow: Flow) -> int:
        forecast = flow.attention + (flow.mlps if self.modules == "all" else 0)
        return (self.order + 1) * forecast

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        rows = [memory.rows for memory in memories.values()]
        return grid_report("taylor_seer_modules", steps, rows, cells="modules")


@node(patch=TaylorSeerModules, title="TaylorSeer by module")
def taylor_seer_modules(
    model: Model,
    interval: Annotated[int, Number(1, 20)] = 5,
    order: Annotated[int, Number(0, 3)] = 1,
    warmup: Annotated[int, Number(1, 100)] = 3,
    modules: Which = "all",
) -> Model:
    """Run attention modules and MLPs on some steps only and forecast what they return on the others.

    Args:
        model: The diffusion transformer to speed up.
        interval: After the warm-up, compute every so many steps; 1 computes all, higher is faster and less
            exact.
        order: 0 repeats the last result, 1 continues its change in a straight line, 2 and 3 in a curve.
        warmup: Steps at the start that are always computed.
        modules: Forecast MLPs too, or attention modules only.
    """
    return model.with_patch(TaylorSeerModules(interval, order, warmup, modules))
