"""Take out of a text what a pattern describes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from app.engine.patterns import compiled
from app.graph.node import node
from app.graph.widgets import Number, TextBox, TextLine


@node(lane="pool")
def extract_pattern(
    text: Annotated[str, TextBox()] = "",
    pattern: Annotated[str, TextLine(1_000)] = "",
    take: Literal["first match", "all matches", "first group", "all groups"] = "first match",
    ignore_case: bool = True,
    multiline: bool = False,
    dot_all: bool = False,
    group: Annotated[int, Number(0, 100)] = 1,
) -> str:
    """Take out of a text what a regular expression finds; nothing found gives an empty text.

    Args:
        text: The text.
        pattern: A regular expression, as Python reads them.
        take: The whole match or one group in it; the first, or all of them line by line.
        ignore_case: Whether a pattern in small letters finds capitals too.
        multiline: Whether ^ and $ also stand for the start and end of each line.
        dot_all: Whether the dot also stands for a line break.
        group: Number of the group, counted by opening brackets.
    """
    found = compiled(pattern, ignore_case=ignore_case, multiline=multiline, dot_all=dot_all)
    if take == "all matches":  # what `findall` gives: the first group of a pattern with groups
        group, take = min(1, found.groups), "all groups"
    elif take == "first match":
        group, take = 0, "first group"
    if group > found.groups:
        return ""

    def parts() -> Iterator[str]:
        for match in found.finditer(text):
            part = match.group(group)
            if part is not None:
                yield part
            if take == "first group":
                return

    return "\n".join(parts())
