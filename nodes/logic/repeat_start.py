"""The start of a loop: gives the values that the first round works on."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from app.graph.loop import Loop
from app.graph.node import Context, node
from app.graph.problem import Refusal
from app.graph.widgets import Number


class Start(NamedTuple):
    """What a round of the loop gets."""

    loop: Loop
    round: int
    value: list[Any]
    second: list[Any]
    third: list[Any]


@node(lane="pool")
def repeat_start(
    context: Context,
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
    for name, given in (("value", value), ("second", second), ("third", third)):
        if given is None and used(context, name):
            message = f"{name} is used inside the loop, but nothing is connected here."
            raise Refusal(message, f"Connect what the first round starts from to {name}.", input=name)
    return Start(Loop(first_round), first_round, value or [], second or [], third or [])


def used(context: Context, output: str) -> bool:
    """Whether a node of the run takes one of this node's outputs."""
    users = (context.running[id] for id in list(context.running[context.id].users))
    links = (link for user in users for given in user.links.values() for link in given)
    return any(link.node == context.id and link.output == output for link in links)
