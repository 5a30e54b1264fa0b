"""Count the characters of a text."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox


@node(lane="pool")
def text_length(text: Annotated[str, TextBox()] = "") -> int:
    """Count the characters of a text.

    Args:
        text: The text.
    """
    return len(text)
