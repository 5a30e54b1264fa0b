"""The workflow document: the saved JSON, read strictly, written back without loss.

What the machine does not need (layout, colours, keys of later versions) stays in `extra` and survives.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar, get_args

from app.graph.problem import Problem

FORMAT = "patchloom/1"
EXACT_INTEGER = 2**53
Mode = Literal["on", "mute", "bypass"]
Kind = TypeVar("Kind")
WANTED = {"dict": "an object", "list": "a list", "str": "a text"}


class MalformedWorkflow(Exception):
    """The JSON is no document; `problem` says where it goes wrong and how to mend it."""

    def __init__(self, message: str, remedy: str, node: str | None = None) -> None:
        super().__init__(f"{message} {remedy}")
        self.problem = Problem("malformed_document", message, remedy, node)


@dataclass(frozen=True)
class NodeInstance:
    """A node of a document: its type, the values set on it, whether it runs, and for how long at most (s)."""

    type: str
    values: Mapping[str, Any] = field(default_factory=dict)
    mode: Mode = "on"
    extra: Mapping[str, Any] = field(default_factory=dict)
    time_limit: float | None = None


@dataclass(frozen=True)
class Edge:
    """From an output of one node to an input of another, all by name."""

    source: str
    output: str
    target: str
    input: str


@dataclass(frozen=True)
class Link:
    """Where an input gets its value: an output of a node."""

    node: str
    output: str


@dataclass(frozen=True)
class InterfaceInput:
    """An input of the nodes that stand for a graph; it leads `to` inputs of nodes inside, (node, input)."""

    name: str
    type: str
    to: tuple[tuple[str, str], ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class InterfaceOutput:
    """An output of the nodes that stand for a graph; it comes from an output inside."""

    name: str
    type: str
    source: Link
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Interface:
    """What the nodes that stand for a graph show of it."""

    inputs: tuple[InterfaceInput, ...] = ()
    outputs: tuple[InterfaceOutput, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)

    def input(self, name: str) -> InterfaceInput | None:
        return next((entry for entry in self.inputs if entry.name == name), None)

    def output(self, name: str) -> InterfaceOutput | None:
        return next((entry for entry in self.outputs if entry.name == name), None)


@dataclass(frozen=True)
class Graph:
    """Nodes by id and the edges between them; nodes of other graphs may stand for one with an `interface`."""

    nodes: Mapping[str, NodeInstance] = field(default_factory=dict)
    edges: tuple[Edge, ...] = ()
    extra: Mapping[str, Any] = field(default_factory=dict)
    interface: Interface | None = None


@dataclass(frozen=True)
class Workflow:
    """A whole document. `graph` is the one that is drawn first; what runs is `app.graph.flatten` of it."""

    graphs: Mapping[str, Graph]
    root: str = "main"
    title: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return self.graphs[self.root]

    def to_json(self) -> dict[str, Any]:
        """Return the document as it is saved."""
        return {
            "format": FORMAT,
            "title": self.title,
            "root": self.root,
            "graphs": {name: graph_to_json(graph) for name, graph in self.graphs.items()},
            **self.extra,
        }


def read_text(text: str | bytes) -> Workflow:
    """Read a document from JSON text; raises MalformedWorkflow."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MalformedWorkflow(
            f"This is not JSON: {error}.", "Open a workflow file saved by Patchloom."
        ) from None
    return read(data)


def read(data: Any) -> Workflow:
    """Read a document from parsed JSON; raises MalformedWorkflow."""
    document = expect(data, dict, "The document")
    if document.get("format") != FORMAT:
        raise MalformedWorkflow(
            f"The document's format is {document.get('format')!r}, allowed is '{FORMAT}'.",
            "Open a workflow file saved by Patchloom.",
        )
    graphs = expect(document.get("graphs"), dict, "'graphs'")
    root = expect(document.get("root"), str, "'root'")
    if root not in graphs:
        raise MalformedWorkflow(
            f"'root' names graph '{root}', which is not in 'graphs'.", "Name one that is there."
        )
    return Workflow(
        graphs={name: read_graph(graph, f"graph '{name}'") for name, graph in graphs.items()},
        root=root,
        title=expect(document.get("title", ""), str, "'title'"),
        extra=without(document, "format", "title", "root", "graphs"),
    )


def read_graph(data: Any, where: str) -> Graph:
    graph = expect(data, dict, where)
    nodes = expect(graph.get("nodes"), dict, f"'nodes' of {where}")
    edges = expect(graph.get("edges", []), list, f"'edges' of {where}")
    return Graph(
        nodes={id: read_node(node, id) for id, node in nodes.items()},
        edges=tuple(read_edge(edge, f"edge {index} of {where}") for index, edge in enumerate(edges)),
        extra=without(graph, "nodes", "edges", "interface"),
        interface=read_interface(graph["interface"], where) if "interface" in graph else None,
    )


def read_interface(data: Any, where: str) -> Interface:
    interface = expect(data, dict, f"'interface' of {where}")
    ports: dict[str, list[dict[str, Any]]] = {}
    for side in ("inputs", "outputs"):
        entries = expect(interface.get(side, []), list, f"'{side}' of the interface of {where}")
        ports[side] = [expect(entry, dict, f"An entry of '{side}' of {where}") for entry in entries]
    return Interface(
        inputs=tuple(
            InterfaceInput(
                *port_of(entry, where),
                tuple(
                    read_end(end, f"'to' of an input of {where}")
                    for end in expect(entry.get("to", []), list, f"'to' of an input of {where}")
                ),
                without(entry, "name", "type", "to"),
            )
            for entry in ports["inputs"]
        ),
        outputs=tuple(
            InterfaceOutput(
                *port_of(entry, where),
                Link(*read_end(entry.get("from"), f"'from' of an output of {where}")),
                without(entry, "name", "type", "from"),
            )
            for entry in ports["outputs"]
        ),
        extra=without(interface, "inputs", "outputs"),
    )


def port_of(entry: Mapping[str, Any], where: str) -> tuple[str, str]:
    name = expect(entry.get("name"), str, f"The name of a port of {where}")
    return name, expect(entry.get("type"), str, f"The type of port '{name}' of {where}")


def read_node(data: Any, id: str) -> NodeInstance:
    node = expect(data, dict, f"Node '{id}'")
    mode = node.get("mode", "on")
    if mode not in get_args(Mode):
        allowed = ", ".join(get_args(Mode))
        raise MalformedWorkflow(f"Node '{id}': mode is {mode!r}.", f"Allowed are {allowed}.", id)
    return NodeInstance(
        type=expect(node.get("type"), str, f"'type' of node '{id}'"),
        values=expect(node.get("values", {}), dict, f"'values' of node '{id}'"),
        mode=mode,
        extra=without(node, "type", "values", "mode", "time_limit"),
        time_limit=node.get("time_limit"),
    )


def read_edge(data: Any, where: str) -> Edge:
    edge = expect(data, dict, where)
    source, target = (read_end(edge.get(end), f"'{end}' of {where}") for end in ("from", "to"))
    return Edge(*source, *target)


def read_end(data: Any, where: str) -> tuple[str, str]:
    end = expect(data, list, where)
    if len(end) != 2 or not all(isinstance(name, str) for name in end):
        raise MalformedWorkflow(f"{where} is {end!r}.", "Write it as [node id, port name].")
    return end[0], end[1]


def graph_to_json(graph: Graph) -> dict[str, Any]:
    nodes = {id: node_to_json(node) for id, node in graph.nodes.items()}
    edges = [{"from": [edge.source, edge.output], "to": [edge.target, edge.input]} for edge in graph.edges]
    interface = {} if graph.interface is None else {"interface": interface_to_json(graph.interface)}
    return {"nodes": nodes, "edges": edges, **interface, **graph.extra}


def node_to_json(node: NodeInstance) -> dict[str, Any]:
    limit = {} if node.time_limit is None else {"time_limit": node.time_limit}
    return {"type": node.type, "values": json_safe(node.values), "mode": node.mode, **limit, **node.extra}


def interface_to_json(interface: Interface) -> dict[str, Any]:
    inputs = [
        {"name": port.name, "type": port.type, "to": [list(end) for end in port.to], **port.extra}
        for port in interface.inputs
    ]
    outputs = [
        {"name": port.name, "type": port.type, "from": [port.source.node, port.source.output], **port.extra}
        for port in interface.outputs
    ]
    return {"inputs": inputs, "outputs": outputs, **interface.extra}


def json_safe(values: Mapping[str, Any]) -> dict[str, Any]:
    """Write integers that a browser cannot hold as decimal strings."""
    return {
        name: str(value) if isinstance(value, int) and abs(value) > EXACT_INTEGER else value
        for name, value in values.items()
    }


def expect(value: Any, kind: type[Kind], where: str) -> Kind:
    if not isinstance(value, kind):
        wanted = WANTED[kind.__name__]
        raise MalformedWorkflow(
            f"{where} should be {wanted}, found {type(value).__name__}.", "Mend the file."
        )
    return value


def without(data: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}
