"""One text for each line: what follows runs once for each."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox


@node(lane="pool")
def text_lines(text: Annotated[str, TextBox(lines=8)] = "") -> list[str]:
    """Give the lines of a text one after the other; what they feed runs once for each line.

    Args:
        text: The lines; empty ones are left out.
    """
    return [line.strip() for line in text.splitlines() if line.strip()]
