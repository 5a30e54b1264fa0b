"""All that is known of a node, as Python and as the JSON the browser draws it from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from inspect import Parameter
from typing import Any, Literal

from app.graph import widgets
from app.graph.shapes import InputSchema, NodeSchema
from app.graph.widgets import Widget

REQUIRED = Parameter.empty
Lane = Literal["device", "pool"]


@dataclass(frozen=True)
class Input:
    """One input of a node, as its function declares it."""

    name: str
    type: str
    help: str
    default: Any = REQUIRED
    choices: tuple[Any, ...] = ()
    widget: Widget | None = None
    multiple: bool = False
    lazy: bool = field(default=False, compare=False)

    @property
    def required(self) -> bool:
        """Whether a value or an edge must be there."""
        return self.default is REQUIRED

    @property
    def port(self) -> bool:
        """Whether it can only be connected, never typed in."""
        return self.widget is None

    def to_json(self) -> InputSchema:
        return {
            "name": self.name,
            "type": self.type,
            "help": self.help,
            "required": self.required,
            "port": self.port,
            "multiple": self.multiple,
            "choices": list(self.choices),
            "default": None if self.required else self.default,
            "widget": widgets.to_json(self.widget) if self.widget else None,
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> Input:
        return Input(
            name=data["name"],
            type=data["type"],
            help=data["help"],
            default=REQUIRED if data["required"] else data["default"],
            choices=tuple(data["choices"]),
            widget=widgets.from_json(data["widget"]) if data["widget"] else None,
            multiple=data["multiple"],
        )


@dataclass(frozen=True)
class Output:
    """One output of a node. `multiple`: it gives many elements, and what it feeds runs once for each."""

    name: str
    type: str
    multiple: bool = field(default=False, compare=False)


@dataclass(frozen=True)
class NodeSpec:
    """All that is known of a node.

    The last fields say how it runs. They are unset where only the schema was read, as in the server.

    Attributes:
        claims: What its technique replaces; a claim made twice on one wire is a conflict.
        function: The node itself.
        context_parameter: Name of the parameter that takes the `Context`.
        lane: Nodes of the lane `device` run one after the other; those of the `pool` beside them.
        needs: Tells which lazy inputs a call needs, given those that are known.
        retries: How often a call is tried again after connection troubles.
        prepare: Does slow imports; called once while the worker has nothing else to do.
    """

    id: str
    title: str
    category: str
    description: str
    references: tuple[str, ...]
    inputs: tuple[Input, ...]
    outputs: tuple[Output, ...]
    version: str
    output_node: bool = False
    was: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    function: Callable[..., Any] | None = field(default=None, compare=False)
    context_parameter: str | None = field(default=None, compare=False)
    lane: Lane = field(default="device", compare=False)
    needs: Callable[..., Iterable[str]] | None = field(default=None, compare=False)
    retries: int = field(default=0, compare=False)
    prepare: Callable[[], object] | None = field(default=None, compare=False)

    def input(self, name: str) -> Input | None:
        return next((entry for entry in self.inputs if entry.name == name), None)

    def output(self, name: str) -> Output | None:
        return next((entry for entry in self.outputs if entry.name == name), None)

    def to_json(self) -> NodeSchema:
        """Return the schema the browser draws the node from."""
        return {
            "id": self.id,
            "title": self.title,
            "category": self.category,
            "description": self.description,
            "version": self.version,
            "output_node": self.output_node,
            "references": list(self.references),
            "was": list(self.was),
            "claims": list(self.claims),
            "inputs": [entry.to_json() for entry in self.inputs],
            "outputs": [{"name": entry.name, "type": entry.type} for entry in self.outputs],
        }

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> NodeSpec:
        names = ("id", "title", "category", "description", "version", "output_node")
        return NodeSpec(
            **{name: data[name] for name in names},
            references=tuple(data["references"]),
            was=tuple(data["was"]),
            claims=tuple(data["claims"]),
            inputs=tuple(Input.from_json(entry) for entry in data["inputs"]),
            outputs=tuple(Output(**entry) for entry in data["outputs"]),
        )
