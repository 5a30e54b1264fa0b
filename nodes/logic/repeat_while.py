"""The end of a loop that goes on as long as something holds."""

from __future__ import annotations

import re
from typing import Annotated, Any, NamedTuple

from app.graph.expansion import Expansion
from app.graph.loop import VALUES, Drawn, Loop
from app.graph.node import Context, Lazy, node
from app.graph.problem import Refusal
from app.graph.workflow import Link


class End(NamedTuple):
    """What the last round made."""

    value: list[Any]
    second: list[Any]
    third: list[Any]


@node(lane="pool", needs=lambda **_: ())
def repeat_while(
    context: Context,
    loop: Loop,
    again: bool,
    value: Annotated[list[Any] | None, Lazy()] = None,
    second: Annotated[list[Any] | None, Lazy()] = None,
    third: Annotated[list[Any] | None, Lazy()] = None,
) -> End:
    """End a loop: start another round while the condition holds, at most as often as the start says.

    Args:
        loop: Connect the loop's start.
        again: Whether another round follows, as this round sees it.
        value: What this round made; the next one starts from it. Without an edge the value stays as it was.
        second: The same for the second value.
        third: The same for the third value.
    """
    if context.element:
        raise Refusal("a loop has one condition, not a list of them.", "Feed again with one value.", input="again")
    drawn = Drawn(context)
    if not again or loop.count <= 1:
        return Expansion({}, (), {name: drawn.fed_back(name, drawn.first()) for name in VALUES})  # type: ignore[return-value]
    origin, number, name = place(context)
    prefix = f"{origin}#{number + 1}/"
    later = Loop(loop.count - 1, loop.index + 1)
    copy = drawn.copy(drawn.first(), prefix, later, end=prefix + name)
    return Expansion(  # type: ignore[return-value]
        copy.nodes, tuple(copy.edges), {name: Link(prefix + name_of_end, name) for name in VALUES}, copy.shown_as
    )
