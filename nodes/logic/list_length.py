"""How long a list is."""

from __future__ import annotations

from typing import Any

from app.graph.node import node


@node(lane="pool")
def list_length(values: list[Any]) -> int:
    """Count the elements of a list.

    Args:
        values: The list.
    """
    return len(values)
