"""Repeat a latent."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Number


@node()
def repeat_latent(latent: Latent, count: Annotated[int, Number(1, 64)] = 2) -> Latent:
    """Make a batch of the same latent several times over; sampling gives each its own noise.

    Args:
        latent: The latent, or a batch of them.
        count: How many times.
    """
    mask = latent.mask
    if mask is not None and len(mask) > 1:
        mask = mask.repeat(count, *[1] * (mask.ndim - 1))
    times = (count, *[1] * (latent.samples.ndim - 1))
    samples = latent.samples.repeat(times)
    return replace(latent, samples=samples, mask=mask, noise_rows=counted_on(latent.noise_rows, count))


def counted_on(rows: tuple[int, ...], count: int) -> tuple[int, ...]:
    """Return rows of noise several times over, each time beyond those before."""
    span = max(rows) - min(rows) + 1 if rows else 0
    return tuple(row + time * span for time in range(count) for row in rows)
