"""Read a number out of a text or another value."""

from __future__ import annotations

from typing import Any, NamedTuple

from app.graph.node import node
from app.graph.problem import Refusal


class Numbers(NamedTuple):
    """The number, and cut to a whole number."""

    number: float
    integer: int


@node(lane="pool")
def to_number(value: Any) -> Numbers:
    """Turn a text, a number or yes and no into a number.

    Args:
        value: Such as "3.5", 7 or true.
    """
    try:
        number = float(value)
        return Numbers(number, int(value) if isinstance(value, int) else int(number))
    except (TypeError, ValueError, OverflowError) as error:
        raise Refusal(f"{str(value)[:60]!r} is no number.", "Connect a number.", input="value") from error
