from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Number


@node(was=("old_number",))
def number(value: Annotated[int, Number(0, 1000)] = 1) -> int:
    """Give a number.

    Args:
        value: The number.
    """
    return value
