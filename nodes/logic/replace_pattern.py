"""Replace in a text what a pattern describes."""

from __future__ import annotations

import re
from typing import Annotated

from app.engine.patterns import compiled
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number, TextBox, TextLine


@node(lane="pool")
def replace_pattern(
    text: Annotated[str, TextBox()] = "",
    pattern: Annotated[str, TextLine(1_000)] = "",
    replacement: Annotated[str, TextLine(2_000)] = "",
    ignore_case: bool = True,
    multiline: bool = False,
    dot_all: bool = False,
    count: Annotated[int, Number(0, 100)] = 0,
) -> str:
    r"""Replace what a regular expression finds in a text.

    Args:
        text: The text.
        pattern: A regular expression, as Python reads them.
        replacement: What comes in its place; \\1 is the first group.
        ignore_case: Whether a pattern in small letters finds capitals too.
        multiline: Whether ^ and $ also stand for the start and end of each line.
        dot_all: Whether the dot also stands for a line break.
        count: How many to replace at most; 0 for all.
    """
    found = compiled(pattern, ignore_case=ignore_case, multiline=multiline, dot_all=dot_all)
    try:
        return found.sub(replacement, text, count=count)
    except (re.error, IndexError) as error:
        raise Refusal(
            f"The replacement {replacement[:60]!r} does not fit the pattern: {error}.",
            "Name only groups that the pattern has.",
            input="replacement",
        ) from error
