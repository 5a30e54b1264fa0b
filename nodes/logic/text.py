"""A text that several nodes can share."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox


@node(lane="pool")
def text(value: Annotated[str, TextBox()] = "") -> str:
    """Give a text.

    Args:
        value: The text.
    """
    return value
