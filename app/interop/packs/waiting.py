"""Coroutines of packs: all on one event loop, so that they can share locks and run at the same time."""

from __future__ import annotations

import asyncio
import inspect
import threading
from collections.abc import Callable
from concurrent.futures import Future, TimeoutError
from functools import cache
from typing import Any

import torch

LOOK = 0.1  # seconds between two looks whether the user stopped the run


@cache
def event_loop() -> asyncio.AbstractEventLoop:
    """Return the loop, which runs in a thread of its own for as long as the process does."""
    loop = asyncio.new_event_loop()

    def work() -> None:
        torch.set_grad_enabled(False)  # per thread
        loop.run_forever()

    threading.Thread(target=work, name="packs", daemon=True).start()
    return loop


def finished(value: Any, check: Callable[[], None] = lambda: None) -> Any:
    """Wait for a value that may be awaitable; `check` raises to give up, and the coroutine is cancelled."""
    if not inspect.isawaitable(value):
        return value

    async def awaited() -> Any:
        return await value

    future: Future[Any] = asyncio.run_coroutine_threadsafe(awaited(), event_loop())
    try:
        while True:
            check()
            try:
                return future.result(LOOK)
            except TimeoutError:
                if future.done():  # the coroutine itself ran into a time limit
                    return future.result()
    finally:
        future.cancel()
