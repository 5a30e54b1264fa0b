"""Choose one of two branches and compute only that one."""

from __future__ import annotations

from typing import Annotated, Any

from app.graph.node import Lazy, node
from app.graph.problem import Refusal


def chosen(condition: bool) -> str:
    return "on_true" if condition else "on_false"


def needs(condition: bool, **_: Any) -> list[str]:
    """Ask for the chosen branch only."""
    return [chosen(condition)]


@node(lane="pool", needs=needs, passes={"any": ("on_true", "on_false")})
def switch(
    condition: bool = True,
    on_true: Annotated[Any, Lazy()] = None,
    on_false: Annotated[Any, Lazy()] = None,
) -> Any:
    """Hand on one of two values; what only the other one needs does not run.

    Args:
        condition: Which one.
        on_true: Handed on when the condition is on.
        on_false: Handed on when it is off.
    """
    value = on_true if condition else on_false
    if value is None:
        name = chosen(condition)
        raise Refusal(f"{name} is chosen, but nothing is connected there.", f"Connect {name}.", input=name)
    return value
