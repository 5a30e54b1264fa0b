"""Remove spaces around a text."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from app.graph.node import node
from app.graph.widgets import TextBox

SIDES: dict[str, Callable[[str], str]] = {"both": str.strip, "start": str.lstrip, "end": str.rstrip}


@node(lane="pool")
def trim_text(
    text: Annotated[str, TextBox()] = "",
    side: Literal["both", "start", "end"] = "both",
) -> str:
    """Remove spaces and empty lines around a text.

    Args:
        text: The text.
        side: Where to remove them.
    """
    return SIDES[side](text)
