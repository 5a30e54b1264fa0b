from app.graph.expansion import Expansion
from app.graph.node import Context, node
from app.graph.workflow import Edge, Link, NodeInstance


@node()
def reach_back(context: Context, value: int, rounds: int = 3) -> int:
    """Expand into itself a few times, and at last add 1 to what the first one got.

    Args:
        value: The number.
        rounds: How often.
    """
    name = f"{context.id}.{rounds}"
    if rounds:
        inner = NodeInstance("reach_back", {"value": 0, "rounds": rounds - 1})
        return Expansion({name: inner}, (), {"int": Link(name, "int")})  # type: ignore[return-value]
    last = NodeInstance("add", {"b": 1})
    return Expansion({name: last}, (Edge("n", "int", name, "a"),), {"int": Link(name, "int")})  # type: ignore[return-value]
