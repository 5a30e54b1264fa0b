import weakref

from app.graph.node import node

ALIVE: weakref.WeakSet["Token"] = weakref.WeakSet()
PEAK = [0]


class Token:
    """A thing whose life is watched."""

    nbytes = 1000

    def __init__(self) -> None:
        ALIVE.add(self)
        PEAK[0] = max(PEAK[0], len(ALIVE))


@node()
def token(before: Token | None = None, number: int = 0) -> Token:
    """Make a token out of another one.

    Args:
        before: The one before it.
        number: Which one it is.
    """
    return Token()
