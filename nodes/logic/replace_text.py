"""Replace words in a text."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox, TextLine


@node(lane="pool")
def replace_text(
    text: Annotated[str, TextBox()] = "",
    find: Annotated[str, TextLine(200)] = "{color}",
    replacement: Annotated[str, TextLine(2_000)] = "",
) -> str:
    """Replace every place of some words in a text.

    Args:
        text: The text.
        find: The words to look for, as they are written; empty changes nothing.
        replacement: What comes in their place.
    """
    return text.replace(find, replacement) if find else text
