"""MagCache: reuse what the blocks added while its size is known to change little from step to step.

The size of what all blocks add follows nearly the same curve for every prompt. Its ratio from one step to the
next, measured once, says how wrong a step that reuses it will be.

Reference: Ma et al., MagCache (2025), https://arxiv.org/abs/2506.09045
Reference: Hugging Face diffusers, hooks/mag_cache.py, for the order of the decisions
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Annotated, Any, ClassVar

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.report import grid_report
from app.engine.reuse.magnitudes import MagnitudeRatios, magnitude_ratio
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.widgets import Number, Slider


@dataclass
class Guess:
    """What is thought to have happened since the blocks last ran.

    Attributes:
        step: Step of the last call that was asked about.
        ratio: By how much what they add has grown, as a factor.
        error: The distance of that factor from 1, summed over the steps.
        skipped: Steps in a row that reused.
    """

    step: int
    ratio: float = 1.0
    error: float = 0.0
    skipped: int = 0


@dataclass
class Memory:
    """What the blocks added when they last ran, how fast its size changed, and the guess since."""

    entry: Tokens | None = None
    added: dict[int, Tokens] = field(default_factory=dict)
    computed: dict[int, int] = field(default_factory=dict)
    pace: dict[int, float] = field(default_factory=dict)
    guesses: dict[int, Guess] = field(default_factory=dict)
    skipping: bool = False
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class MagCache(Patch[Memory]):
    """Reuses while the guessed error is at most `threshold`, `max_skip` steps in a row, after `retention`.

    Without measured `ratios`, the pace of the last two steps that ran is thought to go on; that is ours.
    """

    threshold: float
    max_skip: int
    retention: float
    ratios: MagnitudeRatios | None = None

    claims: ClassVar[frozenset[str]] = frozenset({"blocks"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        kept = memory.added.get(step.evaluation)
        if block.first:
            memory.steps, memory.entry = step.total, tokens
            memory.skipping = self.skips(step, memory) and kept is not None
            memory.rows.append("")
        memory.rows[-1] += "r" if memory.skipping else "c"
        if memory.skipping and kept:
            return tokens + kept if block.first else tokens
        after = call(tokens)
        if block.last and memory.entry:
            self.keep(step, memory, after - memory.entry)
        return after

    def skips(self, step: Step, memory: Memory) -> bool:
        """Carry the guess on to this step, and start it anew where the blocks are going to run."""
        guess = memory.guesses.get(step.evaluation)
        memory.guesses[step.evaluation] = Guess(step.index)
        if self.threshold == 0 or step.index < int(self.retention * step.total + 0.5):
            return False
        guess = guess or Guess(step.index)
        ratio = guess.ratio * self.ratio(step, memory)
        carried = Guess(step.index, ratio, guess.error + abs(1 - ratio), guess.skipped + 1)
        if carried.error > self.threshold or carried.skipped > self.max_skip:
            return False
        memory.guesses[step.evaluation] = carried
        return True

    def ratio(self, step: Step, memory: Memory) -> float:
        """Return by how much what the blocks add is thought to grow from the step before to this one."""
        if self.ratios is not None:
            return self.ratios.at(step.index, step.total)
        return memory.pace.get(step.evaluation, inf)  # one step alone shows no pace: run another

    def keep(self, step: Step, memory: Memory, added: Tokens) -> None:
        before = memory.added.get(step.evaluation)
        if before is not None and self.ratios is None:
            passed = step.index - memory.computed[step.evaluation]
            memory.pace[step.evaluation] = magnitude_ratio(before, added) ** (1 / passed)
        memory.added[step.evaluation], memory.computed[step.evaluation] = added, step.index

    def keeps(self, flow: Flow) -> int:
        return flow.entry + flow.added

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        return grid_report("mag_cache", steps, [memory.rows for memory in memories.values()])


@node(patch=MagCache, title="MagCache")
def mag_cache(
    model: Model,
    threshold: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.06,
    max_skip: Annotated[int, Number(1, 20)] = 3,
    retention: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.2,
    ratios: MagnitudeRatios | None = None,
) -> Model:
    """Reuse what all blocks added while its size is known to change little.

    Args:
        model: The diffusion transformer to speed up.
        threshold: Guessed error, summed over the steps that reuse, at which the blocks run again; 0 never
            reuses, higher is faster and less exact.
        max_skip: Steps in a row that may reuse.
        retention: Share of the steps at the start that always run.
        ratios: Ratios of the size from step to step for this model, from Measure magnitudes or Magnitude
            ratios; unconnected, they are guessed from the steps that ran.
    """
    return model.with_patch(MagCache(threshold, max_skip, retention, ratios))
