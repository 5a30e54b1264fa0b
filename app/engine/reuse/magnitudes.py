"""How the size of what all blocks add changes from step to step.

Reference: Ma et al., MagCache (2025), https://arxiv.org/abs/2506.09045
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from app.engine.model import Patch
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.storage import Stored
from app.engine.tokens import Tokens
from app.graph.problem import Refusal


@dataclass(frozen=True)
class MagnitudeRatios(Stored):
    """The size of what the blocks add at each step over that of the step before; the first is 1."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "values", tuple(self.values))  # a list when it comes back from disk
        if not self.values or min(self.values) <= 0:
            raise Refusal(
                f"Magnitude ratios are numbers above 0, one for each step; these are {list(self.values)}.",
                "Measure them with Measure magnitudes, or copy published ones.",
                code="bad_ratios",
                input="ratios",
            )

    def at(self, index: int, total: int) -> float:
        """Return the ratio for step `index` of `total`; the nearest one if measured on other steps."""
        last = len(self.values) - 1
        return self.values[round(index * last / (total - 1)) if total > 1 else last]


@dataclass
class Sizes:
    """What the blocks added at the step before, and the ratios so far."""

    entry: Tokens | None = None
    added: Tokens | None = None
    ratios: list[float] = field(default_factory=list)


@dataclass(frozen=True, eq=False)
class MeasureMagnitudes(Patch[Sizes]):
    """Changes nothing; writes the ratios of each step's first evaluation in branch `cond` into `found`."""

    found: list[float]

    def new_memory(self) -> Sizes:
        return Sizes()

    def wrap_block(
        self, step: Step, memory: Sizes, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        if not block.in_trunk or step.branch != "cond" or step.evaluation:
            return call(tokens)
        if block.first:
            memory.entry = tokens
        after = call(tokens)
        if block.last and memory.entry:
            added = after - memory.entry
            self.found.append(magnitude_ratio(memory.added, added) if memory.added else 1.0)
            memory.added = added
        return after


def magnitude_ratio(before: Tokens, now: Tokens) -> float:
    """Return the length of each image token's vector over its length before, mean over tokens and batch."""
    lengths, old = (tokens.image.float().norm(dim=-1) for tokens in (now, before))
    return float((lengths / (old + 1e-8)).mean())
