"""How many query-key pairs attention looked at in a run, of those there were."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from app.engine.attention.partition import Pattern
from app.engine.sites import Heads


@dataclass
class Density:
    """A tally over the attention operations of one branch. Sums stay on the device until a report asks.

    Attributes:
        counted: Pairs that were looked at, by the depth of the block.
        pairs: All pairs, likewise.
        sparse: Whether any operation looked at less than all.
    """

    counted: dict[int, Tensor | float] = field(default_factory=dict)
    pairs: dict[int, int] = field(default_factory=dict)
    sparse: bool = False

    def add_dense(self, depth: int, heads: Heads) -> None:
        """Take note of an operation that looks at all pairs."""
        self.add_share(depth, heads, 1.0)

    def add(self, depth: int, heads: Heads, pattern: Pattern) -> None:
        """Take note of an operation that looks at the pairs of a pattern."""
        self.add_share(depth, heads, pattern.counted / pattern.pairs)
        self.sparse = True

    def add_share(self, depth: int, heads: Heads, share: Tensor | float) -> None:
        pairs = heads.query[..., 0].numel() * heads.key.shape[2]
        self.counted[depth] = self.counted.get(depth, 0.0) + share * pairs
        self.pairs[depth] = self.pairs.get(depth, 0) + pairs


def report_of(technique: str, tallies: Iterable[Density]) -> dict[str, Any] | None:
    """Report the share of pairs over all branches, in all and by block; None where nothing was left out."""
    used = list(tallies)
    if not any(tally.sparse for tally in used):
        return None
    depths = sorted({depth for tally in used for depth in tally.pairs})
    counted = [sum(float(tally.counted.get(depth, 0)) for tally in used) for depth in depths]
    pairs = [sum(tally.pairs.get(depth, 0) for tally in used) for depth in depths]
    shares = [round(one / whole, 4) for one, whole in zip(counted, pairs, strict=True)]
    return {"technique": technique, "density": sum(counted) / sum(pairs), "density_by_block": shares}
