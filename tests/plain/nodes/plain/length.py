from app.graph.node import node
from tests.plain.nodes.plain.slow_words import Words


@node()
def length(words: Words) -> int:
    """Count letters.

    Args:
        words: The words.
    """
    return len(words.text)
