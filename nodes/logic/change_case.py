"""Write a text in capitals or small letters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from app.graph.node import node
from app.graph.widgets import TextBox

CASES: dict[str, Callable[[str], str]] = {
    "UPPER": str.upper,
    "lower": str.lower,
    "First": str.capitalize,
    "Every Word": str.title,
}


@node(lane="pool")
def change_case(
    text: Annotated[str, TextBox()] = "",
    case: Literal["UPPER", "lower", "First", "Every Word"] = "lower",
) -> str:
    """Write a text in capitals or small letters.

    Args:
        text: The text.
        case: What becomes a capital.
    """
    return CASES[case](text)
