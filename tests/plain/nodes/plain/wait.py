import time
from typing import Annotated

from app.graph.node import Context, node
from app.graph.widgets import Slider


@node()
def wait(
    context: Context,
    value: int = 0,
    steps: Annotated[int, Slider(1, 1000, 1)] = 3,
    pause: Annotated[float, Slider(0.0, 60.0, 0.01)] = 0.01,
) -> int:
    """Take a while, step by step, and hand on the value.

    Args:
        value: What comes out again.
        steps: How many steps.
        pause: Time for each step (s); the node says nothing during it.
    """
    for step in range(steps):
        time.sleep(pause)
        context.preview(b"\xff\xd8" + bytes([step % 256]))
        context.progress(step + 1, steps)
    context.report({"technique": "wait", "steps": steps})
    return value
