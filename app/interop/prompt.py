"""API format <-> flat graph: `{id: {"class_type": ..., "inputs": {name: value or [id, slot]}}}`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from app.graph.workflow import expect
from app.interop.flat import NATIVE, Flat, FlatNode, Place, Port, Setting, Source, Wire

COLUMN, ROW = 340.0, 260.0


def read_prompt(document: Mapping[str, Any]) -> Flat:
    """Flatten a document of the API format; raises MalformedWorkflow."""
    nodes = {id: expect(raw, dict, f"Node '{id}'") for id, raw in document.items()}
    flat = {id: flat_node(id, raw, nodes) for id, raw in nodes.items()}
    return Flat(placed(flat))


def flat_node(id: str, raw: dict[str, Any], nodes: Mapping[str, Any]) -> FlatNode:
    inputs = expect(raw.get("inputs", {}), dict, f"'inputs' of node '{id}'")
    return FlatNode(
        id=id,
        class_type=expect(raw.get("class_type"), str, f"'class_type' of node '{id}'"),
        inputs={name: source_of(inputs, name, nodes) for name in inputs},
        outputs=outputs_of(raw),
        drawn=title_of(raw),
    )


def source_of(inputs: dict[str, Any], name: str, nodes: Mapping[str, Any]) -> Source:
    """Read one input: the id of a node that is there and a slot number are a wire, all else is a value."""
    match inputs[name]:
        case [str() as node, int() as slot] if node in nodes and not isinstance(slot, bool):
            return Wire(node, slot)
    return Setting(inputs[name], (Place(inputs, name),))


def title_of(raw: Mapping[str, Any]) -> dict[str, Any]:
    meta = raw.get("_meta")
    title = meta.get("title") if isinstance(meta, dict) else None
    return {"title": title} if isinstance(title, str) else {}


def outputs_of(raw: Mapping[str, Any]) -> tuple[Port, ...]:
    """Read the names of the outputs, which we write for nodes that ComfyUI does not have."""
    meta = raw.get("_meta")
    names = meta.get("outputs") if isinstance(meta, dict) else None
    return tuple(Port(str(name)) for name in names) if isinstance(names, list) else ()


def placed(nodes: Mapping[str, FlatNode]) -> dict[str, FlatNode]:
    """Give the nodes places: a column per distance from the nodes that need nothing."""
    columns = depths(nodes)
    rows: dict[int, int] = {}
    found = {}
    for id, node in nodes.items():
        row = rows[columns[id]] = rows.get(columns[id], -1) + 1
        found[id] = replace(node, corner=(columns[id] * COLUMN, row * ROW))
    return found


def depths(nodes: Mapping[str, FlatNode]) -> dict[str, int]:
    """Return each node's distance from the nodes that need nothing; what is on a cycle gets 0."""
    users: dict[str, list[str]] = {id: [] for id in nodes}
    missing = {}
    for id, node in nodes.items():
        sources = {wire.node for _, wire in node.wires()} & nodes.keys()
        missing[id] = len(sources)
        for source in sources:
            users[source].append(id)
    found = dict.fromkeys(nodes, 0)
    ready = [id for id, count in missing.items() if count == 0]
    for id in ready:
        for user in users[id]:
            found[user] = max(found[user], found[id] + 1)
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    return {id: depth if missing[id] == 0 else 0 for id, depth in found.items()}


def write_prompt(flat: Flat) -> dict[str, Any]:
    """Return the API document of what takes part in a run."""
    on = {id: node for id, node in flat.nodes.items() if node.mode == "on"}
    return {id: prompt_node(node, on) for id, node in on.items()}


def prompt_node(node: FlatNode, on: Mapping[str, FlatNode]) -> dict[str, Any]:
    inputs = {
        name: [source.node, source.slot] if isinstance(source, Wire) else source.value
        for name, source in node.inputs.items()
        if isinstance(source, Setting) or source.node in on
    }
    meta: dict[str, Any] = {"title": node.drawn.get("title") or node.class_type}
    if node.class_type.startswith(NATIVE) and node.outputs:
        meta["outputs"] = [port.name for port in node.outputs]
    return {"class_type": node.class_type, "inputs": inputs, "_meta": meta}
