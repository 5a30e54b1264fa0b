"""The JSON forms of catalogue and document, as types: for mypy, and for the canvas (`server.typescript`)."""

from __future__ import annotations

from typing import Annotated, Any, Literal, NotRequired, TypedDict


class InputSchema(TypedDict):
    """One input of a node, as the browser reads it."""

    name: str
    type: str
    help: str
    required: bool
    port: bool
    multiple: bool
    choices: list[str]
    default: object
    widget: Annotated[dict[str, Any] | None, "Widget | null"]


class OutputSchema(TypedDict):
    """One output of a node."""

    name: str
    type: str


class NodeSchema(TypedDict):
    """A node, as the browser draws it."""

    id: str
    title: str
    category: str
    description: str
    references: list[str]
    output_node: bool
    was: list[str]
    claims: list[str]
    version: str
    inputs: list[InputSchema]
    outputs: list[OutputSchema]


Edge = TypedDict("Edge", {"from": tuple[str, str], "to": tuple[str, str]})


class NodeInstance(TypedDict):
    """A node of a document."""

    type: str
    values: NotRequired[dict[str, object]]
    mode: NotRequired[Literal["on", "mute", "bypass"]]
    time_limit: NotRequired[float]
    title: NotRequired[str]
    position: NotRequired[tuple[float, float]]
    size: NotRequired[tuple[float, float]]
    color: NotRequired[str]
    collapsed: NotRequired[bool]


class Group(TypedDict):
    """A titled frame around nodes."""

    title: str
    position: tuple[float, float]
    size: tuple[float, float]
    color: str


class View(TypedDict):
    """Where the canvas was left."""

    x: float
    y: float
    zoom: float


class InterfaceInput(TypedDict):
    """An input of a graph, and the inputs of nodes inside that it leads to."""

    name: str
    type: str
    to: list[tuple[str, str]]


InterfaceOutput = TypedDict("InterfaceOutput", {"name": str, "type": str, "from": tuple[str, str]})


class Interface(TypedDict):
    """What nodes of the type `graph:<id>` show of a graph."""

    inputs: NotRequired[list[InterfaceInput]]
    outputs: NotRequired[list[InterfaceOutput]]


class Graph(TypedDict):
    """Nodes, edges and layout; with an interface, nodes of other graphs may stand for it."""

    nodes: dict[str, NodeInstance]
    edges: list[Edge]
    title: NotRequired[str]
    description: NotRequired[str]
    interface: NotRequired[Interface]
    groups: NotRequired[list[Group]]
    view: NotRequired[View]


class WorkflowDocument(TypedDict):
    """A whole saved document."""

    format: str
    title: NotRequired[str]
    description: NotRequired[str]
    root: str
    graphs: dict[str, Graph]
    lock: NotRequired[dict[str, object]]
