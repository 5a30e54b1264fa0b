"""Say whether a text has some words."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox, TextLine


@node(lane="pool")
def text_contains(
    text: Annotated[str, TextBox()] = "",
    words: Annotated[str, TextLine(1_000)] = "",
    match_case: bool = True,
) -> bool:
    """Say whether some words stand in a text.

    Args:
        text: The text.
        words: The words to look for.
        match_case: Whether capitals and small letters count as different.
    """
    return words in text if match_case else words.lower() in text.lower()
