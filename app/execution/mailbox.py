"""A camera's newest frame: the server puts it into a file, a running node takes it out.

A frame that nobody took in time is replaced by the next one, so a slow node works on what is new.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from pathlib import Path

from app.execution.files import write_whole
from app.graph.problem import Refusal

STAMP = 8  # bytes before the frame: when it came, in nanoseconds
FRESH = 2_000_000_000  # age (ns) up to which a frame that came before the node began is worked on


@dataclass
class Mailbox:
    """One camera's file. The side that puts frames and the side that takes them have one object each.

    Attributes:
        closed: Whether the camera was stopped; known to the side that takes.
    """

    path: Path
    closed: bool = False
    last: int = field(default_factory=lambda: time.time_ns() - FRESH)

    def put(self, frame: bytes) -> None:
        """Replace the newest frame; an empty one says that there will be no more."""
        write_whole(self.path, time.time_ns().to_bytes(STAMP) + frame)

    def take(self) -> bytes | None:
        """Return the newest frame, unless it was taken before."""
        try:
            data = self.path.read_bytes()
        except FileNotFoundError:
            return None
        stamp = int.from_bytes(data[:STAMP])
        if stamp <= self.last:
            return None
        self.last, self.closed = stamp, len(data) == STAMP
        return data[STAMP:] or None

    def discard(self) -> None:
        """Keep no picture of what the camera saw."""
        self.path.unlink(missing_ok=True)


def mailbox(temp: Path, camera: str) -> Mailbox:
    """Return the mailbox of a camera; refuses what is no plain name."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,40}", camera):
        raise Refusal(
            f"{camera[:60]!r} is no name of a camera.",
            "Use up to 40 letters, digits, - and _.",
            code="bad_camera",
            input="camera",
        )
    return Mailbox(temp / "cameras" / f"{camera}.frame")
