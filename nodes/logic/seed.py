"""A seed that several samplers can share."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Seed


@node(lane="pool")
def seed(value: Annotated[int, Seed()] = 0) -> int:
    """Give a seed.

    Args:
        value: The seed.
    """
    return value
