"""A schedule drawn by hand.

Reference: Sabour et al., Align Your Steps (2024), https://arxiv.org/abs/2404.14507
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.engine.schedules.curves import height_at, read_points
from app.graph.node import node
from app.graph.widgets import Curve, Number


@node()
def curve_schedule(
    curve: Annotated[str, Curve()] = "[[0, 1], [1, 0]]",
    steps: Annotated[int, Number(1, 1000)] = 20,
) -> Sigmas:
    """Choose noise levels by drawing how they fall.

    Args:
        curve: Points from the beginning of the run (0) to its end (1), and the noise level (1 to 0) at each.
        steps: How many steps to take.
    """
    points = read_points(curve)
    return Sigmas(tuple(height_at(points, step / steps) for step in range(steps + 1)))
