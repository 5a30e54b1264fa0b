"""Compare two texts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from app.graph.node import node
from app.graph.widgets import TextBox

RULES: dict[str, Callable[[str, str], bool]] = {
    "equals": str.__eq__,
    "starts with": str.startswith,
    "ends with": str.endswith,
}


@node(lane="pool")
def compare_texts(
    first: Annotated[str, TextBox()] = "",
    second: Annotated[str, TextBox()] = "",
    rule: Literal["equals", "starts with", "ends with"] = "equals",
    match_case: bool = True,
) -> bool:
    """Say whether a text equals, starts with or ends with another.

    Args:
        first: The first text.
        second: The second text.
        rule: What is asked of the first text.
        match_case: Whether capitals and small letters count as different.
    """
    pair = (first, second) if match_case else (first.lower(), second.lower())
    return RULES[rule](*pair)
