"""What a node made, and how much memory it holds."""

from __future__ import annotations

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


def size_of(value: Any) -> int:
    """Return the memory (bytes) a value says it holds in `nbytes`; other values count as small."""
    if isinstance(value, Mapping):
        return sum(size_of(item) for item in value.values())
    if isinstance(value, str | bytes):
        return len(value)
    if isinstance(value, Iterable) and not hasattr(value, "nbytes"):
        return sum(size_of(item) for item in value)
    return int(getattr(value, "nbytes", 64))
