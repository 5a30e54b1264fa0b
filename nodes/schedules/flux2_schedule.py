"""Noise levels as FLUX.2 was made for: the more towards noise the larger the picture and the fewer the steps.

Reference: Black Forest Labs, FLUX.2 (2025), https://github.com/black-forest-labs/flux2
"""

from __future__ import annotations

from math import exp
from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number

SIDE = 16  # pixels along each side of a token
LARGE = 4300  # tokens from which the number of steps no longer matters
MANY_STEPS = (0.00016927, 0.45666666)  # slope and offset of the logarithm of the shift at 200 steps
FEW_STEPS = (8.73809524e-05, 1.89833333)  # the same at 10 steps


@node(title="FLUX.2 schedule")
def flux2_schedule(
    steps: Annotated[int, Number(1, 1000)] = 20,
    width: Annotated[int, Number(16, 16384, step=16, unit="px")] = 1024,
    height: Annotated[int, Number(16, 16384, step=16, unit="px")] = 1024,
) -> Sigmas:
    """Choose noise levels for FLUX.2 by the size of the picture and the number of steps.

    Args:
        steps: How many steps to take.
        width: Width of the picture.
        height: Height of the picture.
    """
    shift = exp(log_shift(round(width * height / SIDE**2), steps))
    shares = (1 - step / steps for step in range(steps + 1))
    return Sigmas(tuple(shift * share / (1 + (shift - 1) * share) for share in shares))


def log_shift(tokens: int, steps: int) -> float:
    """Return the logarithm of the shift: at 10 and 200 steps measured, on the line through both elsewhere."""
    many, few = (slope * tokens + offset for slope, offset in (MANY_STEPS, FEW_STEPS))
    if tokens > LARGE:
        return many
    slope = (many - few) / 190
    return slope * steps + many - 200 * slope
