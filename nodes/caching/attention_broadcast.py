"""Pyramid attention broadcast: reuse whole attention outputs for some steps, away from both ends of the run.

Attention between text and picture changes less than attention within the picture, so it is kept for longer.

Reference: Zhao et al., Pyramid Attention Broadcast (2024), https://arxiv.org/abs/2408.12588
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, NamedTuple

from torch import Tensor

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import grid_report
from app.engine.sites import Arguments, Attention, Block, Heads, Part
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Number, Slider


class Kept(NamedTuple):
    """What an attention module returned, and when."""

    step: int
    output: Any


@dataclass
class Memory:
    """Outputs by evaluation and module, and which modules are self-attention, seen when they first ran."""

    kept: dict[tuple[int, Part], Kept] = field(default_factory=dict)
    is_self: dict[tuple[Block, str], bool] = field(default_factory=dict)
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class AttentionBroadcast(Patch[Memory]):
    """Between `start` and `end` of the run, computes an attention module once in its interval of steps."""

    self_interval: int
    cross_interval: int
    start: float
    end: float

    claims: ClassVar[frozenset[str]] = frozenset({"modules"})
    image_attention: ClassVar[bool] = False

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
        if part.role != "attention" or not part.block.in_trunk:
            return call(given)
        kept = memory.kept.get((step.evaluation, part))
        inside = self.start * step.total <= step.index < self.end * step.total
        if kept and inside and step.index - kept.step < self.interval(memory, part):
            memory.rows[-1] += "r"
            return kept.output
        output = call(given)
        memory.rows[-1] += "c"
        memory.kept[step.evaluation, part] = Kept(step.index, output)
        return output

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        memory.is_self[attention.block, attention.name] = attention.is_self
        return call(heads)

    def interval(self, memory: Memory, part: Part) -> int:
        """Return for how many steps a module's output serves."""
        linear = (part.block, part.name) not in memory.is_self  # attention within the picture, without scores
        return self.self_interval if linear or memory.is_self[part.block, part.name] else self.cross_interval

    def keeps(self, flow: Flow) -> int:
        return flow.attention

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        rows = [memory.rows for memory in memories.values()]
        return grid_report("attention_broadcast", steps, rows, cells="modules")


@node(patch=AttentionBroadcast)
def attention_broadcast(
    model: Model,
    self_interval: Annotated[int, Number(1, 20)] = 2,
    cross_interval: Annotated[int, Number(1, 20)] = 6,
    start: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.15,
    end: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.85,
) -> Model:
    """Reuse the outputs of attention modules for some steps in the middle of the run.

    Args:
        model: The diffusion transformer to speed up.
        self_interval: Steps that one output of attention within the picture, or of picture and text
            together, serves; 1 always computes it.
        cross_interval: The same for attention from the picture to the text, where a model has it apart.
        start: Share of the steps after which outputs may be reused.
        end: Share of the steps from which on everything is computed again.
    """
    return model.with_patch(AttentionBroadcast(self_interval, cross_interval, start, end))
