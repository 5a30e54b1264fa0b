"""A whole number that several nodes can share."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def integer(value: Annotated[int, Number(-(2**53), 2**53)] = 0) -> int:
    """Give a whole number.

    Args:
        value: The number.
    """
    return value
