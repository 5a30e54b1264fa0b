"""Where models run, and how precisely."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch

ELSEWHERE: ContextVar[torch.device | None] = ContextVar("elsewhere", default=None)


def compute_place() -> tuple[torch.device, torch.dtype]:
    """Return the device to compute on and the precision that suits it."""
    if torch.cuda.is_available():
        return torch.device("cuda"), torch.bfloat16
    return torch.device("cpu"), torch.float32  # CPUs compute half precision slower than single


def loading_place() -> tuple[torch.device, torch.dtype]:
    """Return the device to load weights onto, and the precision that they are computed in."""
    device, dtype = compute_place()
    return ELSEWHERE.get() or device, dtype


@contextmanager
def loading_on(device: torch.device) -> Iterator[None]:
    """Load weights onto another device than the one that computes, from which they come in when needed."""
    token = ELSEWHERE.set(device)
    try:
        yield
    finally:
        ELSEWHERE.reset(token)
