"""Put texts together."""

from __future__ import annotations

from typing import Annotated

from app.graph.node import node
from app.graph.widgets import TextLine


@node(lane="pool")
def join_text(texts: list[str], separator: Annotated[str, TextLine(100)] = " ") -> str:
    """Join texts, in the order of their edges and lists, to one.

    Args:
        texts: The texts.
        separator: What stands between them.
    """
    return separator.join(texts)
