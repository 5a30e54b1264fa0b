"""TaylorSeer: on most steps, forecast what the blocks would add from how it changed over the computed steps.

The paper forecasts each module of each block. A forecast is linear and blocks only add, so one forecast of
what all blocks add together is the sum of one for each block, at a fraction of the memory and the work.

Reference: Liu et al., From Reusable to Predictable: TaylorSeers (2025), https://arxiv.org/abs/2503.06923
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.report import grid_report
from app.engine.reuse.expansion import Expansion, expand
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.widgets import Number


@dataclass
class Memory:
    """An expansion for each evaluation that a solver makes in a step: they lie at different noise levels."""

    expansions: dict[int, Expansion[Tokens]] = field(default_factory=dict)
    entry: Tokens | None = None
    forecasting: bool = False
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class TaylorSeer(Patch[Memory]):
    """Computes the first `warmup` steps and every `interval`-th one after them; forecasts the others."""

    interval: int
    order: int
    warmup: int

    claims: ClassVar[frozenset[str]] = frozenset({"blocks"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        known = memory.expansions.get(step.evaluation)
        if block.first:
            memory.steps, memory.entry = step.total, tokens
            memory.forecasting = known is not None and not self.computes(step.index)
            memory.rows.append("")
        memory.rows[-1] += "p" if memory.forecasting else "c"
        if memory.forecasting and known:
            return tokens + known.forecast(step.index) if block.first else tokens
        after = call(tokens)
        if block.last and memory.entry:
            added = after - memory.entry
            memory.expansions[step.evaluation] = expand(known, step.index, added, self.order)
        return after

    def computes(self, index: int) -> bool:
        """Whether the blocks run at this step."""
        return index < self.warmup or (index - self.warmup + 1) % self.interval == 0

    def keeps(self, flow: Flow) -> int:
        return flow.entry + (self.order + 1) * flow.added

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        return grid_report("taylor_seer", steps, [memory.rows for memory in memories.values()])


@node(patch=TaylorSeer, title="TaylorSeer")
def taylor_seer(
    model: Model,
    interval: Annotated[int, Number(1, 20)] = 5,
    order: Annotated[int, Number(0, 3)] = 1,
    warmup: Annotated[int, Number(1, 100)] = 3,
) -> Model:
    """Run the blocks on some steps only and forecast what they add on the others.

    Args:
        model: The diffusion transformer to speed up.
        interval: After the warm-up, compute every so many steps; 1 computes all, higher is faster and less
            exact.
        order: 0 repeats the last result, 1 continues its change in a straight line, 2 and 3 in a curve.
        warmup: Steps at the start that are always computed.
    """
    return model.with_patch(TaylorSeer(interval, order, warmup))
