"""The vocabulary of the table in `names.py`: how inputs of a ComfyUI node become inputs of ours, and back."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from app.interop.flat import FlatNode, Setting, Source
from app.interop.reach import Reach

TYPED = {"INT", "FLOAT", "BOOLEAN", "STRING"}  # types whose values a file may hold


class Unmapped(Exception):
    """This node cannot be said in our nodes; the text says why."""


@dataclass(frozen=True)
class Found:
    """What feeds an input of ours.

    Attributes:
        source: The value or the wire.
        back: Turns our value into ComfyUI's.
        note: What differs from ComfyUI.
        remedy: What to do about that.
    """

    source: Source
    back: Callable[[Any], Any] = lambda value: value
    note: str = ""
    remedy: str = "Compare the pictures if it matters."


class From(Protocol):
    """Where an input of ours comes from, and where its value goes on the way back."""

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        """Return the source for a node; None leaves the input open. Raises Unmapped."""

    def restore(self, source: Source) -> dict[str, Source]:
        """Return the inputs of the ComfyUI node that say the same."""


@dataclass(frozen=True)
class Same:
    """The ComfyUI input of this name, as it is."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source = reach.source(node, self.input)
        return Found(source) if source is not None else None

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: source}


@dataclass(frozen=True)
class Word:
    """A choice whose words differ: ComfyUI's word -> ours."""

    input: str
    words: Mapping[str, Any]

    def find(self, node: FlatNode, reach: Reach) -> Found:
        return Found(Setting(*self.chosen(node, reach)), back=self.back)

    def chosen(self, node: FlatNode, reach: Reach) -> tuple[Any, tuple[Any, ...]]:
        source = reach.source(node, self.input, fold=True)
        if not isinstance(source, Setting) or source.value not in list(self.words):
            came = repr(source.value) if isinstance(source, Setting) else "connected"
            raise Unmapped(f"{self.input} is {came}; known are {', '.join(map(str, self.words))}")
        return self.words[source.value], source.places

    def back(self, value: Any) -> Any:
        return next((word for word, ours in self.words.items() if ours == value), value)

    def restore(self, source: Source) -> dict[str, Source]:
        return {
            self.input: Setting(self.back(source.value)) if isinstance(source, Setting) else source,
        }


@dataclass(frozen=True)
class Of:
    """The output of another part of the same node."""

    part: str
    output: str

    def find(self, node: FlatNode, reach: Reach) -> None:
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Via:
    """An input of the node that feeds an input: the seed of the noise, the model of the guider."""

    input: str
    then: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        above = reach.above(node, self.input)
        if above is None:
            return None
        source = reach.source(above, self.then)
        if source is None:
            raise Unmapped(f"{self.input} comes from {above.class_type}, which has no {self.then}")
        return Found(source)

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class ByWord:
    """A value of ours that the word of a choice stands for; it comes back with the choice itself."""

    input: str
    values: Mapping[str, Any]

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        word = reach.value(node, self.input)
        return Found(Setting(self.values[word])) if word in self.values else None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Named:
    """A ComfyUI choice that is a node of its own here.

    Attributes:
        input: The choice.
        nodes: Its word -> our node; of several words for one node that with our values is written back.
        near: Its word -> what differs from ComfyUI.
        inputs: Our node -> inputs that only this node has.
        written: Further nodes of ours -> the word that says about the same; they are written, never read.
        missing: Its words without a node of ours -> why there is none.
    """

    input: str
    nodes: Mapping[str, str]
    near: Mapping[str, str] = field(default_factory=dict)
    inputs: Mapping[str, Mapping[str, From]] = field(default_factory=dict)
    written: Mapping[str, str] = field(default_factory=dict)
    missing: Mapping[str, str] = field(default_factory=dict)

    def word(self, type: str, value: Callable[[str], Any]) -> str | None:
        """Return ComfyUI's word for a node of ours whose inputs are set to `value(name)`."""
        if type in self.written:
            return self.written[type]
        words = [word for word, ours in self.nodes.items() if ours == type]
        ways = [(name, way) for name, way in self.inputs.get(type, {}).items() if isinstance(way, ByWord)]
        fitting = (word for word in words if all(way.values[word] == value(name) for name, way in ways))
        return next(fitting, words[0] if words else None)


@dataclass(frozen=True)
class Part:
    """One node of ours. It gets the id of the ComfyUI node, and `:suffix` when it is not the main one.

    `instead` takes its place when the ComfyUI inputs `when` have these values, or when a function says so.
    """

    type: str | Named
    inputs: Mapping[str, From] = field(default_factory=dict)
    suffix: str = ""
    instead: Part | None = None
    when: Mapping[str, Any] | Callable[[FlatNode, Reach], bool] = field(default_factory=dict)

    def ways(self, type: str) -> Mapping[str, From]:
        """Return where the inputs come from when the part is a node of this type."""
        own = self.type.inputs.get(type, {}) if isinstance(self.type, Named) else {}
        return {**self.inputs, **own}

    def used(self, type: str) -> tuple[Part, dict[str, Any]]:
        """Return the part that is this node type, with the ComfyUI inputs that stand for its choice."""
        if self.instead is None or type not in self.instead.types():
            return self, {}
        part, values = self.instead.used(type)
        return part, values if callable(self.when) else {**values, **self.when}

    def types(self) -> set[str]:
        """Return all node types of ours that this part can be."""
        own = {self.type} if isinstance(self.type, str) else {*self.type.nodes.values(), *self.type.written}
        return own | (self.instead.types() if self.instead else set())


@dataclass(frozen=True)
class Out:
    """An output of a ComfyUI node; `ours` is an output of the main part, None when we have none like it."""

    name: str
    type: str
    ours: str | None


@dataclass(frozen=True)
class Rule:
    """One line of the table: a class type, what it takes and gives, and the nodes that it becomes.

    Attributes:
        class_type: ComfyUI's name.
        parts: Our nodes, the main one first.
        ports: Inputs that are connected, with their ComfyUI type.
        widgets: Inputs that are typed in, in the order of the UI format, with ComfyUI's defaults.
        outputs: What it gives, in order.
        needs: Says why a node with these values cannot be mapped; None when it can.
        more: Further widgets that a choice brings along, right behind it: input -> its word -> widgets.
        optional: Ports that may stay open.
        notes: Values that make a result differ a little: input -> (values that do not, what differs).
    """

    class_type: str
    parts: tuple[Part, ...]
    ports: Mapping[str, str] = field(default_factory=dict)
    widgets: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[Out, ...] = ()
    needs: Callable[[Mapping[str, Any]], str | None] = lambda values: None
    notes: Mapping[str, tuple[tuple[Any, ...], str]] = field(default_factory=dict)
    more: Mapping[str, Mapping[Any, Mapping[str, Any]]] = field(default_factory=dict)
    optional: frozenset[str] = frozenset()

    def typed_in(self, chosen: Callable[[str, int], Any]) -> dict[str, Any]:
        """Return the widgets with their defaults, where `chosen(name, place)` is what a widget is set to.

        A word where a number should stand belongs to the next widget: older files have fewer of them.
        """
        found: dict[str, Any] = {}
        for name, default in self.widgets.items():
            word = hashable(chosen(name, len(found)))
            found[name] = default
            for further, value in self.more.get(name, {}).get(word, {}).items():
                if isinstance(value, str) or not isinstance(chosen(further, len(found)), str):
                    found[further] = value
        return found

    @property
    def defaults(self) -> dict[str, Any]:
        """Return the defaults of all widgets, also of those that only some choice brings along."""
        found = dict(self.widgets)
        for words in self.more.values():
            for further in words.values():
                found |= further
        return found

    def wired(self, input: str) -> bool:
        """Whether an input makes sense as a wire only."""
        return not set(self.ports.get(input, "INT").split(",")) & TYPED


def hashable(value: Any) -> Any:
    return value if isinstance(value, str | int | float | bool) else None


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max
