from app.graph.expansion import Expansion
from app.graph.node import Context, node
from app.graph.workflow import Edge, NodeInstance


@node()
def show_all(context: Context, value: int) -> int:
    """Save the number in a node of its own and hand it on.

    Args:
        value: The number.
    """
    source = context.running[context.id].links["value"][0]
    id = f"{context.id}.show.{context.element}"
    edge = Edge(source.node, source.output, id, "value")
    return Expansion({id: NodeInstance("show")}, (edge,), {"int": value})  # type: ignore[return-value]
