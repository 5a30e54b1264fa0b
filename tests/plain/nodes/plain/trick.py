from typing import ClassVar

from app.graph.node import node
from tests.plain.nodes.plain.build import Model


class Trick:
    """A technique that decides about blocks."""

    claims: ClassVar[frozenset[str]] = frozenset({"blocks"})


@node(patch=Trick)
def trick(model: Model) -> Model:
    """Put a trick on a model.

    Args:
        model: The model.
    """
    return model
