"""The start of a loop: gives the values that the first round works on."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from app.graph.loop import VALUES, Loop
from app.graph.node import Blocked, node
from app.graph.widgets import Number


class Start(NamedTuple):
    """What a round of the loop gets."""

    loop: Loop
    round: int
    value: list[Any]
    second: list[Any]
    third: list[Any]


@node(lane="pool", passes={name: (name,) for name in VALUES})
def repeat_start(
    first_round: Annotated[int, Number(0, 1_000_000)] = 0,
    value: list[Any] | None = None,
    second: list[Any] | None = None,
    third: list[Any] | None = None,
) -> Start:
    """Begin a loop: all nodes between here and its end run once in each round.

    Args:
        first_round: The number of the first round; each further one has one more.
        value: What the first round works on. Each further one gets what the end of the loop got there.
        second: Another value that goes from round to round.
        third: One more value that goes from round to round.
    """
    given = (
        found if found is not None else [missing(name)]
        for name, found in zip(VALUES, (value, second, third), strict=True)
    )
    return Start(Loop(first_round), first_round, *given)


def missing(name: str) -> Blocked:
    """Stop what takes a value that nobody connected; where nothing takes it, nothing happens."""
    return Blocked(f"the loop takes {name} from its start, but nothing is connected to {name} there.")
