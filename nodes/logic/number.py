"""A number that several nodes can share."""

from __future__ import annotations

from app.graph.node import node


@node(lane="pool")
def number(value: float = 0.0) -> float:
    """Give a number.

    Args:
        value: The number.
    """
    return value
