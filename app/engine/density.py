"""How many query-key pairs attention looked at in a run, of those there were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from app.engine.partition import Pattern
from app.engine.sites import Heads


@dataclass
class Density:
    """A tally over the attention operations of one branch. Sums stay on the device until a report asks.

    Attributes:
        counted: Pairs that were looked at.
        pairs: All pairs.
        sparse: Whether any operation looked at less than all.
    """

    counted: Tensor | float = 0.0
    pairs: int = 0
    sparse: bool = False

    def add_dense(self, heads: Heads) -> None:
        """Take note of an operation that looks at all pairs."""
        self.add_share(heads, 1.0)

    def add(self, heads: Heads, pattern: Pattern) -> None:
        """Take note of an operation that looks at the pairs of a pattern."""
        self.add_share(heads, pattern.counted / pattern.pairs)
        self.sparse = True

    def add_share(self, heads: Heads, share: Tensor | float) -> None:
        pairs = heads.query[..., 0].numel() * heads.key.shape[2]
        self.counted, self.pairs = self.counted + share * pairs, self.pairs + pairs


def report_of(technique: str, tallies: Iterable[Density]) -> dict[str, Any] | None:
    """Report the share of pairs over all branches; None where nothing was left out."""
    used = list(tallies)
    if not any(tally.sparse for tally in used):
        return None
    counted, pairs = sum(float(tally.counted) for tally in used), sum(tally.pairs for tally in used)
    return {"technique": technique, "density": counted / pairs}
