"""All that is known of a node, as Python and as the JSON the browser draws it from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from inspect import Parameter
from typing import Any, Literal

from app.graph import widgets
from app.graph.shapes import InputSchema, NodeSchema
from app.graph.widgets import Widget

REQUIRED = Parameter.empty
Lane = Literal["device", "pool", "async"]
OwnCheck = Callable[[Mapping[str, Any], Mapping[str, tuple["NodeSpec", str]]], Iterable[str]]


@dataclass(frozen=True)
class Input:
    """One input of a node, as its function declares it.

    A `free` input takes any value of its type, outside the range too, and as a port a typed-in value as it
    is: the node looks at it itself.
    """

    name: str
    type: str
    help: str
    default: Any = REQUIRED
    choices: tuple[Any, ...] = ()
    widget: Widget | None = None
    multiple: bool = False
    lazy: bool = field(default=False, compare=False)
    free: bool = field(default=False, compare=False)

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
            "default": None if self.required or self.port else self.default,
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
        lane: Nodes of the lane `device` run one after the other, a few of the `pool` beside them, and many
            `async` ones, which mostly wait.
        needs: Tells which lazy inputs a call needs, given those that are known.
        retries: How often a call is tried again after connection troubles.
        prepare: Does slow imports; called once while the worker has nothing else to do.
        passes: For outputs of type `Any`: the inputs whose values come out there, so that the type is known.
        timeout: How long (s) it may take for all its elements, if the document sets no other limit.
        outside: What other programs call it, for `interop`; nothing else reads it.
        open: Takes edges into inputs that it does not declare.
        takes: Says whether an `open` node takes a typed-in value for an input that it does not declare.
        checks_itself: Has an `own_check`, which the server cannot call.
        own_check: Says what is wrong with a call, given the typed-in values (an input with an edge has None),
            and for each edge the node and the output that it comes from.
        whole: Takes all elements of every input in one call.
        changed: Given the typed-in values (an input with an edge has None), returns what its results depend
            on beside them, such as the state of a file. NaN means that no result is ever used again.
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
    timeout: float | None = field(default=None, compare=False)
    passes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    outside: Mapping[str, Any] = field(default_factory=dict, compare=False)
    open: bool = field(default=False, compare=False)
    takes: Callable[[str], bool] | None = field(default=None, compare=False)
    checks_itself: bool = field(default=False, compare=False)
    own_check: OwnCheck | None = field(default=None, compare=False)
    whole: bool = field(default=False, compare=False)
    changed: Callable[[Mapping[str, Any]], object] | None = field(default=None, compare=False)

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

    def to_stored(self) -> dict[str, Any]:
        """Return the schema with what only the server wants to know."""
        free = [entry.name for entry in self.inputs if entry.free]
        more = {"free": free, "open": self.open, "checks_itself": self.checks_itself, "outside": self.outside}
        more["passes"] = self.passes
        return {**self.to_json(), **{name: value for name, value in more.items() if value}}

    def covering(self, edges: Iterable[str], values: Iterable[str]) -> NodeSpec:
        """Return the spec of an `open` node with the inputs too that one instance of it has beyond those."""
        if not self.open:
            return self
        declared = {entry.name for entry in self.inputs}
        taken = [*edges, *(name for name in values if self.takes is not None and self.takes(name))]
        more = [
            Input(name, "Any", "", None, free=True) for name in dict.fromkeys(taken) if name not in declared
        ]
        return replace(self, inputs=(*self.inputs, *more)) if more else self

    @staticmethod
    def from_json(data: Mapping[str, Any]) -> NodeSpec:
        names = ("id", "title", "category", "description", "version", "output_node")
        return NodeSpec(
            **{name: data[name] for name in names},
            references=tuple(data["references"]),
            was=tuple(data["was"]),
            claims=tuple(data["claims"]),
            inputs=tuple(
                replace(Input.from_json(entry), free=entry["name"] in data.get("free", ()))
                for entry in data["inputs"]
            ),
            outputs=tuple(Output(**entry) for entry in data["outputs"]),
            passes={name: tuple(inputs) for name, inputs in data.get("passes", {}).items()},
            **{name: data[name] for name in ("open", "checks_itself", "outside") if name in data},
        )
