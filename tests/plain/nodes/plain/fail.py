from typing import Literal

from app.graph.node import node
from app.graph.problem import Refusal


@node(lane="pool")
def fail(how: Literal["refuse", "crash", "die"] = "refuse", value: int = 0) -> int:
    """Go wrong.

    Args:
        how: A refusal, an error nobody foresaw, or the end of the process.
        value: Not used.
    """
    if how == "refuse":
        raise Refusal("the value is not good.", "Take another one.", code="not_good", input="value")
    if how == "die":
        import os
        import signal

        os.kill(os.getpid(), signal.SIGKILL)
    return [][value]
