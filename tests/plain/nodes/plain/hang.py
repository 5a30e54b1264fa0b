import threading

from app.graph.node import node

RELEASE = threading.Event()


@node(lane="pool", timeout=0.02)
def hang(value: int = 0) -> int:
    """Say nothing until somebody releases it.

    Args:
        value: What comes out again.
    """
    RELEASE.wait(60)
    return value
