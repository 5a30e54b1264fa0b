"""The call of a pack's node that runs on this thread or in this task: what modules that packs import ask."""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from io import BytesIO
from typing import Any

from app.graph.node import Context

PAUSE = 0.1  # seconds between two messages about progress
PARTS = 100  # steps that progress in fractions is told in


@dataclass
class Call:
    """One call of a node. `told` is when progress was told last (s)."""

    context: Context
    told: float = 0.0

    def progress(self, value: float, total: float, preview: Any = None) -> None:
        """Tell that `value` of `total` is done; `preview` is (format, Pillow picture, largest side)."""
        self.context.check_cancelled()
        now = time.monotonic()
        if now - self.told < PAUSE and value < total:
            return
        self.told = now
        self.context.progress(*whole_steps(value, total))
        if preview is not None:
            self.context.preview(jpeg(preview[1], preview[2]))


CALL: ContextVar[Call | None] = ContextVar("running call of a pack node", default=None)


def check_cancelled() -> None:
    """Raise `Cancelled` when the user stopped the run that this call is a part of."""
    call = CALL.get()
    if call is not None:
        call.context.check_cancelled()


def whole_steps(value: float, total: float) -> tuple[int, int]:
    """Return progress in whole steps; fractions become parts of a hundred."""
    if float(value).is_integer() and float(total).is_integer():
        return int(value), int(total)
    return round(PARTS * value / total), PARTS


def jpeg(picture: Any, largest: int | None) -> bytes:
    """Return a Pillow picture as a JPEG whose sides have at most `largest` pixels."""
    small = picture.convert("RGB")
    if largest:
        small.thumbnail((largest, largest))
    buffer = BytesIO()
    small.save(buffer, "JPEG", quality=85)
    return buffer.getvalue()
