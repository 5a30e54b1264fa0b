"""Work half done, on disk under the content key of its node, for the case that the process dies.

A call that ends well forgets its own. What others leave is taken up when the same node with the same inputs
runs again, or thrown away at a start after a week.
"""

from __future__ import annotations

import re
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from app.execution.files import write_whole

WEEK = 7 * 24 * 3600  # seconds
ROOM = 2**32  # bytes for what cut-off runs left


@dataclass(frozen=True)
class Savepoints:
    """A folder with one folder for each call that has something left.

    Attributes:
        folder: Where they lie.
        every: Steps between two savings; 0 saves nothing.
        after: Duration (s) up to which a run is short enough to be simply done again.
    """

    folder: Path
    every: int
    after: float

    def of(self, key: str, element: int) -> CallSavepoint:
        """Return the place of one call: the node with this content key, for this element of its lists."""
        return CallSavepoint(self.folder / f"{key}-{element}", self.every, self.after)

    def sweep(self) -> None:
        """Throw away what nobody has come back for, and the oldest of what takes too much room."""
        calls = sorted(self.folder.glob("*/"), key=lambda path: path.stat().st_mtime, reverse=True)
        used = 0
        for call in calls:
            used += sum(path.stat().st_size for path in call.iterdir())
            if used > ROOM or call.stat().st_mtime < time.time() - WEEK:
                shutil.rmtree(call)


@dataclass(frozen=True)
class CallSavepoint:
    """The folder of one call (see `graph.node.Savepoint`)."""

    folder: Path
    every: int
    after: float

    def put(self, name: str, data: bytes) -> None:
        write_whole(self.path(name), data)

    def get(self, name: str) -> bytes | None:
        path = self.path(name)
        return path.read_bytes() if path.is_file() else None

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def path(self, name: str) -> Path:
        if not re.fullmatch(r"[a-z0-9-]+", name):
            raise ValueError(f"{name!r} is no short name of small letters, digits and hyphens")
        return self.folder / name
