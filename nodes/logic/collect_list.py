"""Several values and lists as one list."""

from __future__ import annotations

from typing import Any

from app.graph.node import node


@node(lane="pool", passes={"any": ("values",)})
def collect_list(values: list[Any]) -> list[Any]:
    """Put values and lists, in the order of their edges, into one list; what follows runs once for each.

    Args:
        values: The values.
    """
    return values
