"""First block cache: when the first block barely changes between steps, reuse what the others added.

With `accumulate` this is Step Rehash in its form for transformers: the changes from step to step are summed
up since the other blocks last ran, and the last step always runs.

Reference: Cheng, ParaAttention (2024), https://github.com/chengzeyi/ParaAttention
Reference: Liu et al., TeaCache (2024), https://arxiv.org/abs/2411.19108
Reference: Zhan et al., Fast and Memory-Efficient Video Diffusion (2024), https://arxiv.org/abs/2411.01171
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
from app.graph.widgets import Slider


@dataclass
class Memory:
    """What block 0, and all later blocks together, added when everything last ran.

    Attributes:
        by_first: The same for block 0; with `accumulate`, at the last call.
        after_first: Tokens after block 0 then.
        by_rest: What the blocks after it added.
        change: Summed up since then; only with `accumulate`.
    """

    by_first: Tokens | None = None
    after_first: Tokens | None = None
    by_rest: Tokens | None = None
    change: float = 0.0
    skipping: bool = False
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class FirstBlockCache(Patch[Memory]):
    """Runs block 0 always and the others only when its output moved by `threshold` since they last ran.

    A batch is one call of the model, so it skips together: when the picture that changed most allows it.
    """

    threshold: float
    accumulate: bool = False

    claims: ClassVar[frozenset[str]] = frozenset({"blocks"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        if block.first:
            memory.steps = step.total
            return self.run_first(step, memory, tokens, call)
        memory.rows[-1] += "r" if memory.skipping else "c"
        if memory.skipping:
            return tokens
        after = call(tokens)
        if block.last and memory.after_first:
            memory.by_rest = after - memory.after_first
        return after

    def run_first(
        self, step: Step, memory: Memory, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        """Run block 0 and decide; on a skip, what it returns is already what the last block would."""
        after = call(tokens)
        added = after - tokens
        memory.rows.append("c")
        memory.skipping = self.skips(step, memory, added)
        if not memory.skipping or self.accumulate:
            memory.by_first = added
        if memory.skipping and memory.by_rest:
            return after + memory.by_rest
        memory.after_first = after
        return after

    def skips(self, step: Step, memory: Memory, added: Tokens) -> bool:
        """Whether block 0 adds about what it added before, when the others ran or over all steps since."""
        if memory.by_first is None or memory.by_rest is None:
            return False
        change = largest_change(memory.by_first, added)
        if not self.accumulate:
            return change < self.threshold
        memory.change += change
        skips = memory.change < self.threshold and step.index < step.total - 1
        memory.change = memory.change if skips else 0.0
        return skips

    def keeps(self, flow: Flow) -> int:
        return 2 * flow.entry + flow.added

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        return grid_report("first_block_cache", steps, [memory.rows for memory in memories.values()])


def largest_change(before: Tokens, now: Tokens) -> float:
    """Return mean absolute change over mean absolute size (no unit) of image tokens, the batch's largest."""
    change = (now.image - before.image).abs().mean((1, 2))
    return (change / before.image.abs().mean((1, 2))).max().item()


@node(patch=FirstBlockCache)
def first_block_cache(
    model: Model,
    threshold: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.08,
    accumulate: bool = False,
) -> Model:
    """Skip all blocks but the first while its output barely changes.

    Args:
        model: The diffusion transformer to speed up.
        threshold: Relative change below which the other blocks are skipped; 0 never skips, higher is faster
            and less exact.
        accumulate: Sum up the changes of all steps since the other blocks ran, instead of comparing with that
            step alone (Step Rehash); the last step then always runs.
    """
    return model.with_patch(FirstBlockCache(threshold, accumulate))
