"""The start of a loop: gives the values that the first round works on."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from app.graph.loop import Loop
from app.graph.node import node
from app.graph.widgets import Number


class Start(NamedTuple):
    """What a round of the loop gets."""

    loop: Loop
    index: int
    value: list[Any]
    second: list[Any]
    third: list[Any]


@node(lane="pool")
def repeat_start(
    count: Annotated[int, Number(0, 10_000)] = 3,
    index: Annotated[int, Number(0, 1_000_000)] = 0,
    value: list[Any] | None = None,
    second: list[Any] | None = None,
    third: list[Any] | None = None,
) -> Start:
    """Begin a loop: all nodes between here and its end run once in each round.

    Args:
        count: How many rounds; with Repeat while, how many at most.
        index: The number of the first round; each further one has one more.
        value: What the first round works on. Each further one gets what the end of the loop got there.
        second: Another value that goes from round to round.
        third: One more value that goes from round to round.
    """
    return Start(Loop(count, index), index, value or [], second or [], third or [])
