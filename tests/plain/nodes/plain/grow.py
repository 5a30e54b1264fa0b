from typing import Any, Literal

from app.graph.expansion import Expansion, Ready
from app.graph.node import Context, node
from app.graph.workflow import Edge, Link, NodeInstance

Way = Literal[
    "chain",
    "plain",
    "nested",
    "blocked",
    "circle",
    "own circle",
    "taken id",
    "no type",
    "out of range",
    "fail",
]


@node()
def grow(context: Context, value: int, way: Way = "chain", length: int = 2) -> int:
    """Add 1 to a number in as many new nodes as asked for.

    Args:
        value: The number.
        way: What the expansion looks like.
        length: How many nodes.
    """
    if way == "plain" or (way == "chain" and value < 0):
        return value
    return EXPANSIONS.get(way, chain)(f"{context.id}.{context.element}", context, value, way, length)  # type: ignore[return-value]


def chain(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    nodes = {f"{name}.{n}": NodeInstance("add", {"b": 1}) for n in range(length)}
    edges = [Edge(f"{name}.{n - 1}", "int", f"{name}.{n}", "a") for n in range(1, length)]
    nodes[f"{name}.0"] = NodeInstance("add", {"a": value, "b": 1})
    return Expansion(nodes, tuple(edges), {"int": Link(f"{name}.{length - 1}", "int")})


def nested(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    inner = NodeInstance(
        "grow", {"value": value + 1, "length": length - 1, "way": "nested" if length > 2 else "chain"}
    )
    return Expansion({name: inner}, (), {"int": Link(name, "int")})


def blocked(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    return Expansion({name: NodeInstance("block_odd", {"value": value})}, (), {"int": Link(name, "int")})


def circle(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    edges = (Edge(f"{name}.a", "int", f"{name}.b", "a"), Edge(f"{name}.b", "int", f"{name}.a", "a"))
    nodes = {f"{name}.{id}": NodeInstance("add") for id in "ab"}
    return Expansion(nodes, edges, {"int": Link(f"{name}.a", "int")})


def own_circle(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    return Expansion(
        {name: NodeInstance("add")}, (Edge(context.id, "int", name, "a"),), {"int": Link(name, "int")}
    )


def taken_id(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    return Expansion({context.id: NodeInstance("add", {"a": Ready(1)})}, (), {"int": Link(context.id, "int")})


def no_type(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    return Expansion({name: NodeInstance("nonsense")}, (), {"int": Link(name, "int")})


def out_of_range(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    return Expansion({name: NodeInstance("number", {"value": 10_000})}, (), {"int": Link(name, "int")})


def fail(name: str, context: Context, value: int, way: Way, length: int) -> Expansion:
    return Expansion({name: NodeInstance("fail", {"value": value})}, (), {"int": Link(name, "int")})


EXPANSIONS: dict[str, Any] = {
    "nested": nested,
    "blocked": blocked,
    "circle": circle,
    "own circle": own_circle,
    "taken id": taken_id,
    "no type": no_type,
    "out of range": out_of_range,
    "fail": fail,
}
