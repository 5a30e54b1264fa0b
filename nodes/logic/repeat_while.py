"""The end of a loop that goes on as long as something holds."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from app.graph.expansion import Expansion
from app.graph.loop import VALUES, Drawn, Loop
from app.graph.node import Context, Lazy, node
from app.graph.problem import Refusal
from app.graph.widgets import Number
from app.graph.workflow import Link


class End(NamedTuple):
    """What the last round made."""

    value: list[Any]
    second: list[Any]
    third: list[Any]


@node(output=True, lane="pool", needs=lambda **_: (), passes={name: (name,) for name in VALUES})
def repeat_while(
    context: Context,
    loop: Loop,
    again: bool,
    most: Annotated[int, Number(1, 10_000)] = 100,
    value: Annotated[list[Any] | None, Lazy()] = None,
    second: Annotated[list[Any] | None, Lazy()] = None,
    third: Annotated[list[Any] | None, Lazy()] = None,
) -> End:
    """End a loop: start another round while the condition holds, up to a limit.

    Args:
        loop: Connect the loop's start.
        again: Whether another round follows, as this round sees it.
        most: How many rounds at most.
        value: What this round made; the next one starts from it. Without an edge the value stays as it was.
        second: The same for the second value.
        third: The same for the third value.
    """
    if context.element:
        raise Refusal(
            "a loop has one condition, not a list of them.", "Feed again with one value.", input="again"
        )
    drawn = Drawn(context)
    if not again or most == 1:
        return Expansion({}, outputs=drawn.last(drawn.first()))  # type: ignore[return-value]
    end, copy = drawn.copy_with_end(next_round(context), loop.round + 1, most=most - 1)
    outputs = {name: Link(end, name) for name in VALUES}
    return Expansion(copy.nodes, tuple(copy.edges), outputs, copy.shown_as)  # type: ignore[return-value]


def next_round(context: Context) -> str:
    """Return the prefix of ids in the next round: `end#1/`, after the node `end#1/end` it is `end#2/`."""
    copied = re.fullmatch(r"(.+)#(\d+)/([^/]+)", context.id)
    if copied and copied[1].rpartition("/")[2] == copied[3]:
        return f"{copied[1]}#{int(copied[2]) + 1}/"
    return f"{context.id}#1/"
