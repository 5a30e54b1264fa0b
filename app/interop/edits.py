"""Write changes of our document back into the ComfyUI file it came from, and touch nothing else there."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.values import shown
from app.graph.workflow import Edge, Graph, NodeInstance
from app.interop.flat import FlatNode, Place, pair
from app.interop.translate import Translation

WRITTEN_MODES = {("on", "mute"): 2, ("on", "bypass"): 4, ("mute", "on"): 0}
LOOKS = {"position": "pos", "title": "title", "color": "bgcolor"}
Writes = list[tuple[Place, Any]]


class Restructured(Exception):
    """More than values and looks changed: the file has to be drawn anew."""


def named_outputs(graph: Graph, catalog: Catalog) -> Graph:
    """Give outputs that are only numbered the names that the catalogue has for them."""
    return replace(graph, edges=tuple(named_output(edge, graph, catalog) for edge in graph.edges))


def named_output(edge: Edge, graph: Graph, catalog: Catalog) -> Edge:
    node, number = graph.nodes.get(edge.source), edge.output.removeprefix("output_")
    spec = catalog.get(node.type) if node and number.isdecimal() and len(number) < 4 else None
    if spec is None or int(number) >= len(spec.outputs):
        return edge
    return replace(edge, output=spec.outputs[int(number)].name)


def writes_for(before: Translation, after: Graph, catalog: Catalog) -> Writes:
    """Return what to write where; raises Restructured when that cannot say the change."""
    if shape(named_outputs(before.graph, catalog)) != shape(after):
        raise Restructured
    writes: Writes = []
    wired = {(edge.target, edge.input) for edge in after.edges}
    for id, node in after.nodes.items():
        for name, value in changed_values(before.nodes[id], node):
            if (id, name) in wired and (id, name) not in before.found:
                continue  # a connected input may remember any value
            writes += value_writes(before, id, name, value)
        writes += node_writes(before, id, node)
    refuse_shared(before, after, writes)
    return writes


def shape(graph: Graph) -> tuple[Any, ...]:
    edges = sorted((edge.source, edge.output, edge.target, edge.input) for edge in graph.edges)
    return {id: node.type for id, node in graph.nodes.items()}, edges


def changed_values(before: NodeInstance, after: NodeInstance) -> Iterator[tuple[str, Any]]:
    if before.values.keys() - after.values.keys():
        raise Restructured
    for name, value in after.values.items():
        if name not in before.values or not same(before.values[name], value):
            yield name, value


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, seeing through 1 and 1.0 and through large integers kept as text."""
    return canonical(one) == canonical(other)


def canonical(value: Any) -> str:
    return json.dumps(plain(value), sort_keys=True)


def plain(value: Any) -> Any:
    match value:
        case bool() | None:
            return value
        case float() if value.is_integer():
            return plain(int(value))
        case int() if abs(value) > 2**53:
            return str(value)
        case list():
            return [plain(entry) for entry in value]
        case dict():
            return {name: plain(entry) for name, entry in value.items()}
    return value


def alike(one: Any, other: Any) -> bool:
    """Whether looks are the same; the canvas keeps places as whole numbers."""
    if isinstance(one, list) and isinstance(other, list):
        return all(abs(a - b) < 1 for a, b in zip(pair(one), pair(other), strict=True))
    return same(one, other)


def value_writes(before: Translation, id: str, name: str, value: Any) -> Writes:
    found = before.found.get((id, name))
    places = getattr(found.source, "places", ()) if found else ()
    if found is None or not places:
        raise Restructured
    old = places[0].holder[places[0].key]
    if isinstance(old, int) and isinstance(value, str) and value.isdecimal():
        value = int(value)
    return [(place, found.back(value)) for place in places]


def node_writes(before: Translation, id: str, after: NodeInstance) -> Writes:
    """Return writes for mode and looks of a main node; those of a further part have no place in the file."""
    was, flat = before.nodes[id], before.flat.nodes.get(id)
    if flat is None or "type" not in flat.drawn:
        if was.mode != after.mode:
            raise Restructured
        return []
    writes: Writes = []
    if was.mode != after.mode:
        if (was.mode, after.mode) not in WRITTEN_MODES:
            raise Restructured
        writes.append((Place(flat.drawn, "mode"), WRITTEN_MODES[was.mode, after.mode]))
    if flat.corner == tuple(was.extra.get("position", ())) and ":" not in id:
        writes += [
            (Place(flat.drawn, name), after.extra[ours])
            for ours, name in LOOKS.items()
            if ours in after.extra and not alike(after.extra[ours], was.extra.get(ours, ""))
        ]
    return writes


def refuse_shared(before: Translation, after: Graph, writes: Writes) -> None:
    """Refuse a write that would also change what stayed: several inputs may come from one place."""
    wanted: dict[tuple[int, Any], str] = {}
    for place, value in writes:
        if wanted.setdefault((id(place.holder), place.key), canonical(value)) != canonical(value):
            raise Restructured
    for (node, name), found in before.found.items():
        for place in getattr(found.source, "places", ()):
            written = wanted.get((id(place.holder), place.key))
            if written is not None and not same(
                after.nodes[node].values[name], before.nodes[node].values[name]
            ):
                continue
            if written is not None:
                raise Restructured
    if any(shared(before.flat.nodes, place) for place, _ in writes if place.key == "mode"):
        raise Restructured


def shared(nodes: Mapping[str, FlatNode], place: Place) -> bool:
    return sum(node.drawn is place.holder for node in nodes.values()) > 1


def left_over(wanted: Graph, written: Graph) -> list[Problem]:
    """Compare what was wanted with what the written file says, read again."""
    return [
        otherwise(id, name, value, written.nodes[id].values[name])
        for id, node in wanted.nodes.items()
        if id in written.nodes
        for name, value in node.values.items()
        if name in written.nodes[id].values and not same(value, written.nodes[id].values[name])
    ]


def otherwise(id: str, name: str, here: Any, there: Any) -> Problem:
    return Problem(
        "comfyui_difference",
        f"{id}: {name} is {shown(here)} here, but ComfyUI will take {shown(there)}.",
        "Choose a value that both can say if it matters.",
        id,
        name,
        "warning",
    )
