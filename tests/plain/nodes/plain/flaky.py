from app.graph.node import node

CALLS: dict[int, int] = {}


@node(retries=2)
def flaky(failures: int = 1, name: int = 0) -> int:
    """Fail as a bad connection does, a few times.

    Args:
        failures: How often.
        name: Which line.
    """
    CALLS[name] = CALLS.get(name, 0) + 1
    if CALLS[name] <= failures:
        raise ConnectionError("the line is bad")
    return CALLS[name]
