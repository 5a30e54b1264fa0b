"""Evenly spaced numbers: what follows runs once for each."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def numbers(
    first: float = 0.0,
    last: float = 1.0,
    count: Annotated[int, Number(1, 10_000)] = 5,
) -> list[float]:
    """Give evenly spaced numbers one after the other; what they feed runs once for each.

    Args:
        first: The first number.
        last: The last number.
        count: How many, both ends included; 1 gives the first only.
    """
    if count == 1:
        return [first]
    return [first + (last - first) * at / (count - 1) for at in range(count)]
