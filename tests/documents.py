"""Short ways to write documents of the plain nodes."""

from __future__ import annotations

from typing import Any

from app.graph.workflow import Workflow, read


def document(nodes: dict[str, Any], *edges: str) -> dict[str, Any]:
    """Nodes as {id: (type, values)} or {id: full JSON}; edges as "a.value > b.a"."""
    return {
        "format": "patchloom/1",
        "root": "main",
        "graphs": {
            "main": {
                "nodes": {id: instance(entry) for id, entry in nodes.items()},
                "edges": list(map(edge, edges)),
            }
        },
    }


def nested(graphs: dict[str, Any]) -> Workflow:
    """Graphs as {id: (nodes, edges, inputs, outputs)}, inputs as {"name:type": ["node.input"]}."""
    written = {}
    for id, (nodes, edges, *interface) in graphs.items():
        written[id] = document(nodes, *edges)["graphs"]["main"]
        if interface:
            inputs, outputs = interface
            written[id]["interface"] = {
                "inputs": [
                    {**port(name), "to": [end.rsplit(".", 1) for end in to]} for name, to in inputs.items()
                ],
                "outputs": [{**port(name), "from": end.rsplit(".", 1)} for name, end in outputs.items()],
            }
    return read({"format": "patchloom/1", "root": "main", "graphs": written})


def port(text: str) -> dict[str, str]:
    name, type = text.split(":")
    return {"name": name, "type": type}


def workflow(nodes: dict[str, Any], *edges: str) -> Workflow:
    return read(document(nodes, *edges))


def instance(entry: Any) -> dict[str, Any]:
    if isinstance(entry, str):
        return {"type": entry}
    if isinstance(entry, tuple):
        return {"type": entry[0], "values": entry[1]}
    return dict(entry)


def edge(text: str) -> dict[str, list[str]]:
    source, target = text.split(" > ")
    return {"from": source.rsplit(".", 1), "to": target.rsplit(".", 1)}


def sum_of(value: int = 2) -> dict[str, Any]:
    """number -> add -> show, the smallest document with a result."""
    nodes = {"number": ("number", {"value": value}), "add": ("add", {"b": 3}), "show": "show"}
    return document(nodes, "number.int > add.a", "add.int > show.value")
