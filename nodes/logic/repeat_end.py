"""The end of a loop that runs a given number of rounds."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from app.graph.expansion import Expansion
from app.graph.loop import VALUES, Drawn, Loop
from app.graph.node import Blocked, Context, Lazy, node
from app.graph.problem import Refusal
from app.graph.widgets import Number
from app.graph.workflow import Link

PASSES = {"values": ("value",), **{name: (name,) for name in VALUES}}


class End(NamedTuple):
    """What the last round made, and the first value of every round."""

    value: list[Any]
    second: list[Any]
    third: list[Any]
    values: list[Any]


@node(output=True, lane="pool", needs=lambda **_: (), passes=PASSES)
def repeat_end(
    context: Context,
    loop: Loop,
    count: Annotated[int, Number(0, 10_000)] = 3,
    value: Annotated[list[Any] | None, Lazy()] = None,
    second: Annotated[list[Any] | None, Lazy()] = None,
    third: Annotated[list[Any] | None, Lazy()] = None,
    keep_all: bool = True,
) -> End:
    """End a loop: hand each round's values to the next one, and the last round's on.

    Args:
        loop: Connect the loop's start.
        count: How many rounds; 0 hands on what the start got.
        value: What this round made; the next one starts from it. Without an edge the value stays as it was.
        second: The same for the second value.
        third: The same for the third value.
        keep_all: Whether to collect every round's value; off, long loops of large pictures need less room.
    """
    if context.element:
        raise Refusal(
            "a loop has one count, not a list of them.", "Feed count with one number.", input="count"
        )
    drawn = Drawn(context)
    if count == 0:
        first = {name: Link(drawn.start.id, name) for name in VALUES}
        return Expansion({}, outputs={**first, "values": []})  # type: ignore[return-value]
    copies, rounds = [], [drawn.first()]
    for number in range(1, count):
        copies.append(drawn.copy(rounds[-1], f"{context.id}#{number}/", loop.round + number))
        rounds.append(copies[-1].round)
    all_values = [link for at in rounds for link in drawn.fed_back("value", at)]
    return Expansion(  # type: ignore[return-value]
        nodes={id: node for copy in copies for id, node in copy.nodes.items()},
        edges=tuple(edge for copy in copies for edge in copy.edges),
        outputs={
            **drawn.last(rounds[-1]),
            "values": all_values if keep_all else [Blocked("keep_all of the loop's end is off.")],
        },
        shown_as={new: id for copy in copies for new, id in copy.shown_as.items()},
    )
