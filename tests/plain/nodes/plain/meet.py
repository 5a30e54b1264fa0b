import threading
from typing import Annotated

from app.graph.node import node
from app.graph.widgets import Number

BARRIERS: dict[int, threading.Barrier] = {}


@node(lane="pool")
def meet(name: int = 0, guests: Annotated[int, Number(1, 4)] = 2) -> int:
    """Wait until enough others of the same name wait as well: only nodes that run side by side get through.

    Args:
        name: Who meets.
        guests: How many have to come.
    """
    BARRIERS.setdefault(guests, threading.Barrier(guests)).wait(timeout=60)
    return name
