from app.graph.node import node


class Model:
    """A thing with techniques on it."""


@node()
def build() -> Model:
    """Make a model."""
    return Model()
