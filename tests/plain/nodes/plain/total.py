from app.graph.node import node


@node()
def total(values: list[int]) -> int:
    """Add any number of numbers.

    Args:
        values: The numbers.
    """
    return sum(values)
