from app.graph.node import node
from tests.plain.nodes.plain.build import Model


@node(output=True)
def use(model: Model | None = None, other: Model | None = None) -> None:
    """Use models.

    Args:
        model: One.
        other: Another.
    """
