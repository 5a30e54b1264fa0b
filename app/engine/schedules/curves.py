"""Curves drawn by hand: lines through points."""

from __future__ import annotations

import json
from itertools import pairwise
from math import isfinite

from app.graph.problem import Refusal

Points = list[tuple[float, float]]


def read_points(text: str) -> Points:
    """Read `[[x, y], ...]` with x rising from 0 to 1; raises Refusal."""
    try:
        points = [(float(x), float(y)) for x, y in json.loads(text)]
    except (ValueError, TypeError) as error:
        raise unreadable(text) from error
    rising = all(before[0] < after[0] for before, after in pairwise(points))
    if len(points) < 2 or not rising or (points[0][0], points[-1][0]) != (0.0, 1.0):
        raise unreadable(text)
    if not all(isfinite(y) for _, y in points):
        raise unreadable(text)
    return points


def unreadable(text: str) -> Refusal:
    return Refusal(
        f"{text[:60]!r} is no curve from 0 to 1.",
        "Draw it anew, or write points such as [[0, 1], [0.5, 0.8], [1, 0]].",
        code="bad_curve",
        input="curve",
    )


def height_at(points: Points, x: float) -> float:
    """Return the height of the line through the points."""
    for (left, before), (right, after) in pairwise(points):
        if x <= right:
            return before + (after - before) * (x - left) / (right - left)
    return points[-1][1]
