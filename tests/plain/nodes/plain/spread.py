from app.graph.node import node


@node()
def spread(count: int = 3) -> list[int]:
    """Give the numbers from 1 to count, one after the other.

    Args:
        count: How many.
    """
    return list(range(1, count + 1))
