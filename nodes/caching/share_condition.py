"""DDT's shared state: compute the condition that an encoder makes at some steps only.

Reference: Wang et al., DDT: Decoupled Diffusion Transformer (2025), https://arxiv.org/abs/2504.05741
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from app.engine.model import Model, Patch
from app.engine.report import grid_report
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number, TextLine


@dataclass
class Memory:
    """The condition as it was last computed, and what each call did."""

    condition: Tokens | None = None
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class ShareCondition(Patch[Memory]):
    """Runs the blocks that make a condition at every `interval`-th step, or at the `chosen` ones."""

    interval: int
    chosen: tuple[int, ...] = ()

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.conditions:
            return call(tokens)
        memory.steps = step.total
        fresh = memory.condition is None or self.computes(step.index)
        if block.index == 0:
            memory.rows.append("")
        memory.rows[-1] += "c" if fresh else "r"
        if fresh:
            after = call(tokens)
            memory.condition = after
            return after
        # the first block puts the old condition in, the others hand it on
        return memory.condition if block.index == 0 and memory.condition else tokens

    def computes(self, index: int) -> bool:
        return index in self.chosen if self.chosen else index % self.interval == 0

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        return grid_report("share_condition", steps, [memory.rows for memory in memories.values()])


@node(patch=ShareCondition)
def share_condition(
    model: Model,
    interval: Annotated[int, Number(1, 100)] = 3,
    steps: Annotated[str, TextLine()] = "",
) -> Model:
    """Let an encoder-decoder transformer reuse what its encoder found at an earlier step.

    Args:
        model: A model whose encoder makes a condition for its decoder, such as DDT.
        interval: The encoder runs at every so many steps; 1 changes nothing.
        steps: Or at these steps, such as Best steps to compute finds: numbers from 0, with commas between.
    """
    if not any(stack.conditions for stack in model.family.stacks):
        raise Refusal(
            f"A {model.family.name} model has no blocks that make a condition for the others.",
            "Use it with an encoder-decoder transformer such as DDT, or take another cache.",
            code="nothing_to_patch",
            input="model",
        )
    if not re.fullmatch(r"\s*(\d+\s*(,\s*\d+\s*)*)?", steps):
        raise Refusal(
            f"steps is {steps[:60]!r}.",
            "Write numbers with commas between, or nothing.",
            code="bad_steps",
            input="steps",
        )
    chosen = tuple(sorted({0, *map(int, re.findall(r"\d+", steps))})) if steps.strip() else ()
    return model.with_patch(ShareCondition(interval, chosen))
