from app.graph.node import Blocked, node


@node()
def block_odd(value: int, message: str = "") -> int:
    """Let even numbers pass.

    Args:
        value: The number.
        message: What to say about an odd one; empty says nothing.
    """
    return Blocked(message) if value % 2 else value  # type: ignore[return-value]
