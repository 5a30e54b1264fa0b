"""Regular expressions as users write them."""

from __future__ import annotations

import re

from app.graph.problem import Refusal


def compiled(pattern: str, *, ignore_case: bool, multiline: bool, dot_all: bool) -> re.Pattern[str]:
    """Return a compiled pattern; raises Refusal for what is none."""
    flags = (re.I if ignore_case else 0) | (re.M if multiline else 0) | (re.S if dot_all else 0)
    try:
        return re.compile(pattern, flags)
    except re.error as error:
        raise Refusal(
            f"The pattern {pattern[:60]!r} is no regular expression: {error}.",
            "See https://docs.python.org/3/library/re.html.",
            input="pattern",
        ) from error
