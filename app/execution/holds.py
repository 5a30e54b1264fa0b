"""How long the results of a run are kept: as long as a node that is not done has asked for them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field


@dataclass
class Holds:
    """Which nodes hold which results. What was asked for in the first place is held to the end."""

    targets: Collection[str]
    count: Counter[str] = field(default_factory=Counter)
    held: dict[str, set[str]] = field(default_factory=dict)

    def hold(self, user: str, sources: Iterable[str]) -> None:
        """Let a node hold the results of others until it is done."""
        mine = self.held.setdefault(user, set())
        for source in sources:
            if source not in mine:
                mine.add(source)
                self.count[source] += 1

    def release(self, user: str) -> Iterator[str]:
        """Let go of what a node held, now that it is done; yields what nobody holds any more."""
        for source in self.held.pop(user, ()):
            self.count[source] -= 1
            if not self.count[source]:
                del self.count[source]
                if source not in self.targets:
                    yield source
