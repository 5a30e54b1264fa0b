"""Delta-DiT: reuse what a range of blocks added; rear blocks while the outline forms, front ones afterwards.

What is kept is the difference that the range made, so that what comes in anew still counts. The default
share and boundary are our choice.

Reference: Chen et al., Delta-DiT (2024), https://arxiv.org/abs/2406.01125
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.report import grid_report
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.widgets import Number, Slider


@dataclass(frozen=True, eq=False)
class Delta:
    """What a range of blocks added when it last ran."""

    blocks: range
    added: Tokens


@dataclass
class Memory:
    """A delta for each evaluation that a solver makes in a step."""

    deltas: dict[int, Delta] = field(default_factory=dict)
    entry: Tokens | None = None
    skipping: bool = False
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class DeltaCache(Patch[Memory]):
    """Runs `share` of the blocks on every `interval`-th step only; which ones changes at `boundary`."""

    interval: int
    share: float
    boundary: float

    claims: ClassVar[frozenset[str]] = frozenset({"blocks"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        if block.first:
            memory.steps, memory.skipping = step.total, False
            memory.rows.append("")
        blocks = self.range(step, block.count)
        delta = memory.deltas.get(step.evaluation)
        if block.depth == blocks.start:
            memory.entry = tokens
            memory.skipping = delta is not None and delta.blocks == blocks and step.index % self.interval > 0
        if delta and memory.skipping and block.depth in blocks:
            memory.rows[-1] += "r"
            return tokens + delta.added if block.depth == blocks.start else tokens
        memory.rows[-1] += "c"
        after = call(tokens)
        if memory.entry and block.depth + 1 == blocks.stop and blocks:
            memory.deltas[step.evaluation] = Delta(blocks, after - memory.entry)
        return after

    def range(self, step: Step, count: int) -> range:
        """Return the depths of the blocks that this step may skip."""
        size = round(self.share * count)
        return range(count - size, count) if step.index < self.boundary * step.total else range(size)

    def keeps(self, flow: Flow) -> int:
        return 2 * flow.entry  # part of the blocks may add to the text where all together do not

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        return grid_report("delta_cache", steps, [memory.rows for memory in memories.values()])


@node(patch=DeltaCache)
def delta_cache(
    model: Model,
    interval: Annotated[int, Number(1, 20)] = 2,
    share: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.75,
    boundary: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.5,
) -> Model:
    """Reuse what part of the blocks added one step before: rear blocks first, front blocks later.

    Args:
        model: The diffusion transformer to speed up.
        interval: Compute all blocks every so many steps; 1 always does, higher is faster and less exact.
        share: Share of the blocks that is skipped on the other steps; 0 skips none.
        boundary: Share of the steps that skip rear blocks; the steps after it skip front blocks.
    """
    return model.with_patch(DeltaCache(interval, share, boundary))
