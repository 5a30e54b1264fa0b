"""Questions that only the code of nodes can answer, and only the worker runs that."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.execution.supervisor import Supervisor

PATIENCE = 30.0  # seconds that the worker has for an answer


@dataclass
class Inquiry:
    """Asks the worker and waits for the answers, which may come in any order."""

    supervisor: Supervisor
    waiting: dict[int, asyncio.Future[Mapping[str, Any] | None]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    async def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """Return the worker's answer; None when it is not ready, dies or takes too long."""
        if self.supervisor.state != "ready":
            return None
        number = next(self.numbers)
        self.waiting[number] = asyncio.get_running_loop().create_future()
        self.supervisor.send({**question, "question": number})
        try:
            return await asyncio.wait_for(self.waiting[number], PATIENCE)
        except TimeoutError:
            return None
        finally:
            del self.waiting[number]

    def hear(self, answer: Mapping[str, Any]) -> None:
        """Take an answer; nobody may wait for it any more."""
        future = self.waiting.get(answer["question"])
        if future is not None and not future.done():
            future.set_result(answer)

    def give_up(self) -> None:
        """The worker is gone, and with it all answers."""
        for future in self.waiting.values():
            if not future.done():
                future.set_result(None)
