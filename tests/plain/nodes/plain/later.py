import asyncio

from app.graph.node import node


@node()
async def later(value: int = 0, pause: float = 0.01) -> int:
    """Hand on the value a little later.

    Args:
        value: What comes out again.
        pause: Time (s).
    """
    await asyncio.sleep(pause)
    return value
