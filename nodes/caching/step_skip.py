"""Step skip: leave out the whole transformer trunk until what enters it has changed enough.

The measure is TeaCache's: the modulated input of the first block, compared with the call before and summed
up since the blocks last ran. TeaCache bends each change by a polynomial fitted to the model; without one its
published thresholds do not carry over.

Reference: Liu et al., Timestep Embedding Tells: It's Time to Cache (2024), https://arxiv.org/abs/2411.19108
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from torch import Tensor

from app.engine.flow import Flow
from app.engine.model import Model, Patch
from app.engine.report import grid_report
from app.engine.sites import Arguments, Block, Part
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Slider, TextLine


class TrunkUnneeded(Exception):
    """Leaves block 0 as soon as its modulated input shows that the blocks need not run."""


@dataclass
class Memory:
    """What entered the trunk at the last call, its change since the blocks ran, and what they added then."""

    modulated: Tensor | None = None
    change: float = 0.0
    entry: Tokens | None = None
    added: Tokens | None = None
    looked: bool = False
    skipping: bool = False
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True)
class StepSkip(Patch[Memory]):
    """Skips all blocks while the summed change stays below `threshold`; first and last step always run.

    A batch is one call of the model, so it skips together: when the picture that changed most allows it.
    """

    threshold: float
    polynomial: tuple[float, ...] = ()

    claims: ClassVar[frozenset[str]] = frozenset({"blocks"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk:
            return call(tokens)
        if block.first:
            memory.steps, memory.entry = step.total, tokens
            memory.looked = memory.skipping = False
            memory.rows.append("")
        try:
            after = tokens if memory.skipping else call(tokens)
        except TrunkUnneeded:
            memory.skipping, after = True, tokens + memory.added if memory.added else tokens
        memory.rows[-1] += "r" if memory.skipping else "c"
        if block.last and memory.entry and not memory.skipping:
            memory.added = after - memory.entry
        return after

    def wrap_module(
        self, step: Step, memory: Memory, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        if part.block.first and part.role == "attention" and not memory.looked:
            memory.looked = True
            if self.unneeded(step, memory, modulated_input(given)):
                raise TrunkUnneeded
        return call(given)

    def unneeded(self, step: Step, memory: Memory, modulated: Tensor) -> bool:
        """Sum up the change, and start anew where the blocks are going to run."""
        before, memory.modulated = memory.modulated, modulated
        if before is not None and memory.added and 0 < step.index < step.total - 1:
            memory.change += self.bent(largest_change(before, modulated))
            if memory.change < self.threshold:
                return True
        memory.change = 0.0
        return False

    def bent(self, change: float) -> float:
        """Return the polynomial of a change; the change itself where none was given."""
        if not self.polynomial:
            return change
        value = 0.0
        for coefficient in self.polynomial:
            value = value * change + coefficient
        return value

    def keeps(self, flow: Flow) -> int:
        return flow.entry + flow.added + flow.image

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        return grid_report("step_skip", steps, [memory.rows for memory in memories.values()])


def modulated_input(given: Arguments) -> Tensor:
    """Return what an attention module works on: its first argument, (B, N, D) after norm, scale and shift."""
    first: Tensor = given.positional[0] if given.positional else given.named["hidden_states"]
    return first


def largest_change(before: Tensor, now: Tensor) -> float:
    """Return mean absolute change over mean absolute size (no unit), the batch's largest."""
    return ((now - before).abs().mean((1, 2)) / before.abs().mean((1, 2))).max().item()


def coefficients(text: str) -> tuple[float, ...]:
    """Read the coefficients of a polynomial."""
    try:
        return tuple(float(word) for word in text.replace(",", " ").split())
    except ValueError:
        raise Refusal(
            f"{text!r} is not a list of numbers.",
            "Type the coefficients with commas between them, that of the highest power first, or nothing.",
            code="bad_polynomial",
            input="polynomial",
        ) from None


@node(patch=StepSkip)
def step_skip(
    model: Model,
    threshold: Annotated[float, Slider(0.0, 2.0, step=0.01)] = 0.1,
    polynomial: Annotated[str, TextLine(200)] = "",
) -> Model:
    """Skip all blocks and reuse what they added, until their input has changed enough.

    Args:
        model: The diffusion transformer to speed up.
        threshold: Summed relative change below which steps are skipped; 0 never skips, higher is faster and
            less exact.
        polynomial: Coefficients that TeaCache publishes for a model, that of the highest power first; for
            FLUX.1-dev 498.651651, -283.781631, 55.8554382, -3.82021401, 0.264230861. Empty for none.
    """
    return model.with_patch(StepSkip(threshold, coefficients(polynomial)))
