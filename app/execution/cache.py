"""Results of nodes by content key, bounded in bytes, least recently used out first."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.execution.events import SavedFile


@dataclass(frozen=True)
class NodeResult:
    """What a node made: its outputs by name, and what it saved and reported on the way."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    files: tuple[SavedFile, ...] = ()
    reports: tuple[Mapping[str, Any], ...] = ()

    @property
    def nbytes(self) -> int:
        return sum(size_of(value) for value in self.outputs.values())


class ResultCache:
    """Keeps results up to `limit` (bytes). The newest one stays even when it alone is larger."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0
        self._results: OrderedDict[str, tuple[NodeResult, int]] = OrderedDict()

    def get(self, key: str) -> NodeResult | None:
        """Return the result stored under `key` and mark it as used just now."""
        if key not in self._results:
            return None
        self._results.move_to_end(key)
        return self._results[key][0]

    def put(self, key: str, result: NodeResult) -> None:
        """Store a result; older ones leave when the room is short."""
        self.drop(key)
        size = result.nbytes
        self._results[key] = (result, size)
        self.used += size
        while self.used > self.limit and len(self._results) > 1:
            self.drop(next(iter(self._results)))

    def drop(self, key: str) -> None:
        """Forget one result, if it is there."""
        _, size = self._results.pop(key, (None, 0))
        self.used -= size


def size_of(value: Any) -> int:
    """Return the memory (bytes) a value says it holds in `nbytes`; other values count as small."""
    if isinstance(value, Mapping):
        return sum(size_of(item) for item in value.values())
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Iterable) and not hasattr(value, "nbytes"):
        return sum(size_of(item) for item in value)
    return int(getattr(value, "nbytes", 64))
