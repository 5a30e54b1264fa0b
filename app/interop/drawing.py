"""UI format -> flat graph."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.graph.workflow import MalformedWorkflow
from app.interop.flat import Flat, FlatNode, Port, Source, pair
from app.interop.scopes import UNDRAWN, Scope, mode_of, origin, read_nodes
from app.interop.settings import entries, settings_of

MOST_NODES = 20_000
DEEPEST = 16
NOTES = frozenset({"Note", "MarkdownNote"})
Chosen = Callable[[str, int], Any]
Order = Callable[[str, Chosen], Sequence[str] | None]  # class type -> names of its widgets, in order


def read_drawing(document: Mapping[str, Any], order: Order) -> Flat:
    """Flatten a document of the UI format; raises MalformedWorkflow."""
    definitions = definitions_of(document)
    refuse_endless(document, definitions)
    root = Scope(document, definitions)
    nodes: dict[str, FlatNode] = {}
    for scope in root.everything():
        corner = corner_of(scope)
        for id, raw in scope.nodes.items():
            if raw["type"] not in UNDRAWN and id not in scope.inner:
                nodes[scope.id(id)] = flat_node(scope, id, corner, order)
    return Flat({id: with_own_values(node, nodes, order) for id, node in nodes.items()}, list(notes(root)))


def definitions_of(document: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    """Return the subgraphs by id; one that is not well formed counts as an unknown node."""
    definitions = document.get("definitions")
    found = definitions.get("subgraphs") if isinstance(definitions, dict) else None
    return {
        entry["id"]: entry
        for entry in (found if isinstance(found, list) else ())
        if isinstance(entry, dict) and isinstance(entry.get("id"), str)
    }


def refuse_endless(document: Mapping[str, Any], definitions: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse boxes that hold themselves, and drawings that grow beyond reason when boxes are written out."""
    sizes: dict[str, int] = {}

    def size(graph: Mapping[str, Any], around: tuple[str, ...]) -> int:
        types = [raw["type"] for _, raw in read_nodes(graph)]
        for type in definitions.keys() & set(types):
            if type in around or len(around) >= DEEPEST:
                raise MalformedWorkflow(
                    f"Subgraph '{type}' contains itself or lies more than {DEEPEST} boxes deep.",
                    "Take a box out of itself.",
                )
            if type not in sizes:
                sizes[type] = size(definitions[type], (*around, type))
        return sum(sizes.get(type, 1) for type in types)

    if size(document, ()) > MOST_NODES:
        raise MalformedWorkflow(
            f"With its subgraphs written out, the document has more than {MOST_NODES:,} nodes.",
            "Use fewer boxes inside boxes.",
        )


def flat_node(scope: Scope, id: str, corner: tuple[float, float], order: Order) -> FlatNode:
    raw = scope.nodes[id]
    inputs: dict[str, Source] = dict(settings_of(raw, order(raw["type"], listed(raw))))
    ports = {}
    for entry in entries(raw, "inputs"):
        ports[entry["name"]] = str(entry.get("type", "*"))
        if entry.get("link") is None:
            continue
        source = origin(scope, entry["link"])
        if source is not None:
            inputs[entry["name"]] = source
    x, y = pair(raw.get("pos"))
    return FlatNode(
        id=scope.id(id),
        class_type=raw["type"],
        inputs=inputs,
        mode="mute" if inside_dead(scope) else mode_of(raw),
        outputs=tuple(Port(entry["name"], str(entry.get("type", "*"))) for entry in entries(raw, "outputs")),
        ports=ports,
        drawn=raw,
        corner=(x + corner[0], y + corner[1]),
    )


def listed(raw: Mapping[str, Any]) -> Chosen:
    """Return what tells a widget's value by its place in the file."""
    values = raw.get("widgets_values")
    known = values if isinstance(values, list) else []
    return lambda name, place: known[place] if place < len(known) else None


def with_own_values(node: FlatNode, nodes: Mapping[str, FlatNode], order: Order) -> FlatNode:
    """Where a muted node would feed a widget, the widget's own value counts."""
    muted = [name for name, wire in node.wires() if wire.node in nodes and nodes[wire.node].mode == "mute"]
    if not muted:
        return node
    own = settings_of(node.drawn, order(node.class_type, listed(node.drawn)))
    return replace(node, inputs={**node.inputs, **{name: own[name] for name in muted if name in own}})


def inside_dead(scope: Scope) -> bool:
    """Whether a box around is muted or bypassed, so that nothing inside runs."""
    at: Scope | None = scope
    while at is not None and at.outer is not None:
        if mode_of(at.box) != "on":
            return True
        at = at.outer
    return False


def corner_of(scope: Scope) -> tuple[float, float]:
    """Return by how much the nodes of a subgraph move, so that the first lies where its box was."""
    if scope.outer is None:
        return (0.0, 0.0)
    places = [pair(raw.get("pos")) for raw in scope.nodes.values()] or [(0.0, 0.0)]
    outer, box = corner_of(scope.outer), pair(scope.box.get("pos"))
    left, top = (min(place[axis] for place in places) for axis in (0, 1))
    return outer[0] + box[0] - left, outer[1] + box[1] - top


def notes(root: Scope) -> Iterator[dict[str, Any]]:
    """Yield the notes of the canvas, in the shape of our groups with a text."""
    for raw in root.nodes.values():
        values = raw.get("widgets_values")
        if raw["type"] in NOTES and isinstance(values, list) and values and isinstance(values[0], str):
            yield {
                "title": str(raw.get("title", "")),
                "text": values[0],
                "position": list(pair(raw.get("pos"))),
                "size": list(pair(raw.get("size"), (240.0, 120.0))),
            }
