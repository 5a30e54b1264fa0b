from typing import Annotated, Any

from app.graph.node import Lazy, node


def wanted(condition: bool, **_: Any) -> list[str]:
    return ["yes" if condition else "no"]


@node(needs=wanted)
def either(
    condition: bool = True,
    yes: Annotated[int | None, Lazy()] = None,
    no: Annotated[int | None, Lazy()] = None,
) -> int:
    """Take one of two values and compute only that.

    Args:
        condition: Which one.
        yes: Taken when true.
        no: Taken when false.
    """
    value = yes if condition else no
    assert value is not None
    return value
