"""Put two texts together."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextBox, TextLine


@node(lane="pool")
def concatenate_texts(
    first: Annotated[str, TextBox()] = "",
    second: Annotated[str, TextBox()] = "",
    separator: Annotated[str, TextLine(100)] = "",
) -> str:
    """Put two texts together, typed in or connected.

    Args:
        first: The first text.
        second: The second text.
        separator: What stands between them.
    """
    return separator.join((first, second))
