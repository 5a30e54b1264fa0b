"""A schedule drawn by hand.

Reference: Sabour et al., Align Your Steps (2024), https://arxiv.org/abs/2404.14507
"""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.problem import Refusal
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


def read_points(text: str) -> list[tuple[float, float]]:
    """Read `[[x, y], ...]` with x rising from 0 to 1."""
    try:
        points = [(float(x), float(y)) for x, y in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise unreadable(text) from error
    rising = all(before[0] < after[0] for before, after in pairwise(points))
    if len(points) < 2 or not rising or (points[0][0], points[-1][0]) != (0.0, 1.0):
        raise unreadable(text)
    return points


def unreadable(text: str) -> Refusal:
    return Refusal(
        f"{text[:60]!r} is no curve from 0 to 1.",
        "Draw it anew, or write points such as [[0, 1], [0.5, 0.8], [1, 0]].",
        code="bad_curve",
        input="curve",
    )


def height_at(points: list[tuple[float, float]], x: float) -> float:
    """Return the height of the line through the points."""
    for (left, before), (right, after) in pairwise(points):
        if x <= right:
            return before + (after - before) * (x - left) / (right - left)
    return points[-1][1]
