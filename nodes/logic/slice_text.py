"""Take a part of a text."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Number, TextBox

At = Annotated[int, Number(-100_000, 100_000)]


@node(lane="pool")
def slice_text(text: Annotated[str, TextBox()] = "", start: At = 0, end: At = 0) -> str:
    """Take the characters between two places of a text.

    Args:
        text: The text.
        start: How many characters to leave out before; negative counts from the end.
        end: Where to stop, counted like the start.
    """
    return text[start:end]
