"""The server's side of the worker process: start it, talk to it, notice its death, start it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.execution import wire
from app.execution.events import WorkerState

log = logging.getLogger(__name__)
COMMAND = (sys.executable, "-m", "app.execution.worker")
CANCEL_GRACE = 2.0  # seconds that a node has to react before its process is killed
LONGEST_PAUSE = 30.0  # seconds between restarts of a worker that dies at once every time


@dataclass
class Supervisor:
    """Keeps one worker alive. `hear` gets every frame, `changed` every change of state."""

    settings: Mapping[str, Any]
    hear: Callable[[wire.Frame], Awaitable[None]]
    changed: Callable[[WorkerState, str], Awaitable[None]]
    state: WorkerState = "stopped"
    process: asyncio.subprocess.Process | None = None
    quick_deaths: int = 0
    _killer: asyncio.TimerHandle | None = field(default=None, repr=False)

    async def keep_alive(self) -> None:
        """Run workers one after the other until cancelled."""
        try:
            while True:
                started = time.monotonic()
                await self.run_one()
                lived = time.monotonic() - started
                self.quick_deaths = self.quick_deaths + 1 if lived < LONGEST_PAUSE else 0
                await asyncio.sleep(
                    min(LONGEST_PAUSE, 2.0 ** (self.quick_deaths - 2)) if self.quick_deaths > 2 else 0
                )
        finally:
            await self.stop()

    async def run_one(self) -> None:
        """Start a worker and pass on what it says until it ends."""
        # In a process group of its own: a terminal's Ctrl-C must not end it with a trace while it imports.
        self.process = await asyncio.create_subprocess_exec(
            *COMMAND,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
            process_group=0,
        )
        await self.become("starting", "")
        self.send(self.settings)
        assert self.process.stdout is not None
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await self.listen(await wire.read_frame(self.process.stdout))
        code = await self.process.wait()
        self.call_off_killer()
        await self.become("stopped", ending(code))

    async def listen(self, frame: wire.Frame) -> None:
        if isinstance(frame, dict) and frame["type"] == "ready":
            self.quick_deaths = 0
            await self.hear(frame)
            await self.become("ready", frame["device"])
        else:
            await self.hear(frame)

    async def become(self, state: WorkerState, detail: str) -> None:
        self.state = state
        await self.changed(state, detail)

    def send(self, message: Mapping[str, Any]) -> None:
        """Queue a message for the worker; one that is dying just does not get it."""
        if self.process and self.process.stdin and not self.process.stdin.is_closing():
            self.process.stdin.write(wire.pack(message))

    def cancel(self, job: str) -> None:
        """Ask the worker to stop a job, and kill it when it does not answer in time."""
        self.send({"type": "cancel", "job": job})
        if self._killer is None:
            self._killer = asyncio.get_running_loop().call_later(CANCEL_GRACE, self.kill)

    def call_off_killer(self) -> None:
        """The cancelled job has ended by itself."""
        if self._killer is not None:
            self._killer.cancel()
            self._killer = None

    def kill(self) -> None:
        if self.process and self.process.returncode is None:
            self.process.kill()

    async def stop(self) -> None:
        """End the worker for good."""
        self.call_off_killer()
        if self.process and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()
        self.state = "stopped"


def ending(code: int) -> str:
    """Say in words how a process ended."""
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"
