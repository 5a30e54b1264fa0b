"""Where nodes run: one at a time on the device, a few beside it, and many that only wait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from app.graph.spec import Lane

POOL = 4  # nodes that may run beside the one that holds the device
WAITING = 32  # async nodes at a time


@dataclass(frozen=True)
class Lanes:
    """The threads of one executor; they start when they are first needed."""

    device: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "device"))
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(POOL, "pool"))
    waiting: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(WAITING, "async"))

    def named(self, lane: Lane) -> ThreadPoolExecutor:
        return {"device": self.device, "pool": self.pool, "async": self.waiting}[lane]
