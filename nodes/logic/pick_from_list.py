"""One element of a list."""

from __future__ import annotations

from typing import Annotated, Any

from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


@node(lane="pool", passes={"any": ("values",)})
def pick_from_list(values: list[Any], number: Annotated[int, Number(-10_000, 10_000)] = 0) -> Any:
    """Give one element of a list.

    Args:
        values: The list.
        number: Which one: 0 is the first, -1 the last.
    """
    if not -len(values) <= number < len(values):
        raise Refusal(
            f"number is {number}, but the list has {len(values)} elements.",
            f"Set {-len(values)} to {len(values) - 1}." if values else "Feed it a list that is not empty.",
            input="number",
        )
    return values[number]
