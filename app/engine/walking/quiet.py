"""A watcher for the many short runs of a search: they can be cancelled, and what they tell is of no use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Quiet:
    """Lets a run be cancelled and keeps what it tells to itself: the search reports for all of them.

    Attributes:
        check_cancelled: Raises `Cancelled` when the user wants no more.
    """

    check_cancelled: Callable[[], None]

    def progress(self, step: int, steps: int) -> None:
        self.check_cancelled()

    def preview(self, jpeg: bytes) -> None:
        """A hundred pictures in turn would show nothing."""

    def report(self, report: Mapping[str, Any]) -> None:
        """What techniques did in one trial is of no use."""

    def savepoint(self) -> None:
        """Trials are short."""
