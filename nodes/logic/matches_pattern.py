"""Say whether a text has what a pattern describes."""

from __future__ import annotations

from typing import Annotated

from app.engine.patterns import compiled
from app.graph.node import node
from app.graph.widgets import TextBox, TextLine


@node(lane="pool")
def matches_pattern(
    text: Annotated[str, TextBox()] = "",
    pattern: Annotated[str, TextLine(1_000)] = "",
    ignore_case: bool = True,
    multiline: bool = False,
    dot_all: bool = False,
) -> bool:
    """Say whether a regular expression finds anything in a text.

    Args:
        text: The text.
        pattern: A regular expression, as Python reads them.
        ignore_case: Whether a pattern in small letters finds capitals too.
        multiline: Whether ^ and $ also stand for the start and end of each line.
        dot_all: Whether the dot also stands for a line break.
    """
    found = compiled(pattern, ignore_case=ignore_case, multiline=multiline, dot_all=dot_all)
    return found.search(text) is not None
