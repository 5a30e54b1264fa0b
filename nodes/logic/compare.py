"""Compare two numbers."""

from __future__ import annotations

import operator
from typing import Literal

from app.graph.node import node

RULES = {
    "less": operator.lt,
    "at most": operator.le,
    "equal": operator.eq,
    "not equal": operator.ne,
    "at least": operator.ge,
    "greater": operator.gt,
}


@node(lane="pool")
def compare(
    a: float = 0.0,
    rule: Literal["less", "at most", "equal", "not equal", "at least", "greater"] = "less",
    b: float = 0.0,
) -> bool:
    """Say whether one number is less than, equal to or greater than another.

    Args:
        a: The first number.
        rule: What is asked of the first number, seen from the second.
        b: The second number.
    """
    return bool(RULES[rule](a, b))
