from app.graph.node import node
from tests.plain.nodes.plain.fill import Filled


@node(output=True)
def measure_filled(filled: Filled) -> int:
    """Say how much memory came.

    Args:
        filled: The memory.
    """
    return len(filled)
