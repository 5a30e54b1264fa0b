"""The vocabulary of the table in `names.py`: how inputs of a ComfyUI node become inputs of ours, and back."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeGuard

from app.interop.flat import FlatNode, Setting, Source, Wire
from app.interop.reach import Reach


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
class FileName:
    """An uploaded file. ComfyUI may add ` [input]` to the name."""

    input: str

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source = reach.source(node, self.input)
        if not isinstance(source, Setting) or not isinstance(source.value, str):
            return Found(source) if source is not None else None
        name = source.value.removesuffix(" [input]")
        if name.endswith((" [output]", " [temp]")):
            raise Unmapped(f"{self.input} is {name!r}, and Patchloom opens pictures of the input folder only")
        return Found(Setting(name, source.places))

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.input: source}


@dataclass(frozen=True)
class Strength:
    """ComfyUI takes the last `steps` of int(steps / denoise) steps; our strength says where to start."""

    steps: str = "steps"
    denoise: str = "denoise"

    def find(self, node: FlatNode, reach: Reach) -> Found:
        steps, source = reach.value(node, self.steps), reach.source(node, self.denoise, fold=True)
        denoise = source.value if isinstance(source, Setting) else None
        if denoise == 1:
            return Found(Setting(1.0, source.places))  # type: ignore[union-attr]
        if not is_number(steps) or not is_number(denoise) or steps < 1:
            raise Unmapped(f"{self.steps} and {self.denoise} have to be numbers, and typed in")
        places = source.places if isinstance(source, Setting) else ()
        if denoise <= 0:
            return Found(Setting(0.0, places))
        return Found(Setting(steps / max(int(steps / denoise), steps), places))

    def restore(self, source: Source) -> dict[str, Source]:
        return {self.denoise: source}


@dataclass(frozen=True)
class Late:
    """ComfyUI's start_at_step: leave out the first steps. `rest` is their number, else the strength."""

    rest: bool

    def find(self, node: FlatNode, reach: Reach) -> Found:
        steps, start = reach.value(node, "steps"), reach.value(node, "start_at_step")
        if not is_number(steps) or not is_number(start) or not 0 <= start < steps:
            raise Unmapped("start_at_step has to be a number below steps, and typed in")
        if start == 0:
            return Found(reach.source(node, "steps") or Setting(steps)) if self.rest else Found(Setting(1.0))
        return Found(Setting(int(steps - start) if self.rest else (steps - start) / steps))

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Shift:
    """The shift of the noise levels, which ComfyUI keeps in the model: set by a node on its wire."""

    input: str
    setters: Mapping[str, Callable[[Mapping[str, Any]], float | None]] = field(hash=False)

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        source, seen = node.inputs.get(self.input), set[str]()
        while isinstance(source, Wire) and source.node in reach.flat.nodes and source.node not in seen:
            seen.add(source.node)
            above = reach.flat.nodes[source.node]
            if above.class_type in self.setters:
                return self.told(above, self.setters[above.class_type], reach)
            source = above.inputs.get(reach.way_through(above) or "model")
        return Found(
            Setting(1.0),
            note="ComfyUI takes it from the model, here it is a value and stands at 1",
            remedy="Set shift to what the model was made for.",
        )

    def told(
        self, node: FlatNode, setter: Callable[[Mapping[str, Any]], float | None], reach: Reach
    ) -> Found | None:
        shift = setter({name: reach.value(node, name) for name in node.inputs})
        if shift is None:
            raise Unmapped(f"the shift of {node.class_type} '{node.id}' is not a typed-in number")
        source = node.inputs.get("shift")
        return Found(Setting(shift, source.places if isinstance(source, Setting) else ()))

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class SamplersModel:
    """The model of the sampler that will fill this latent; ComfyUI's empty latents do not ask for it."""

    samplers: Mapping[str, From] = field(hash=False)

    def find(self, node: FlatNode, reach: Reach) -> Found | None:
        for user in reach.downstream(node):
            if user.class_type in self.samplers:
                return self.samplers[user.class_type].find(user, reach)
        return None

    def restore(self, source: Source) -> dict[str, Source]:
        return {}


@dataclass(frozen=True)
class Named:
    """A ComfyUI choice that is a node of its own here: its word -> our node. `near` says what differs."""

    input: str
    nodes: Mapping[str, str]
    near: Mapping[str, str] = field(default_factory=dict)

    def word(self, type: str) -> str | None:
        """Return ComfyUI's word for a node of ours."""
        return next((word for word, ours in self.nodes.items() if ours == type), None)


@dataclass(frozen=True)
class Part:
    """One node of ours. It gets the id of the ComfyUI node, and `:suffix` when it is not the main one.

    `instead` takes its place when the ComfyUI inputs `when` have these values.
    """

    type: str | Named
    inputs: Mapping[str, From] = field(default_factory=dict)
    suffix: str = ""
    instead: Part | None = None
    when: Mapping[str, Any] = field(default_factory=dict)

    def types(self) -> set[str]:
        """Return all node types of ours that this part can be."""
        own = set(self.type.nodes.values()) if isinstance(self.type, Named) else {self.type}
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
        notes: Values that make a result differ a little: input -> (values that do not, what differs).
    """

    class_type: str
    parts: tuple[Part, ...]
    ports: Mapping[str, str] = field(default_factory=dict)
    widgets: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[Out, ...] = ()
    needs: Callable[[Mapping[str, Any]], str | None] = lambda values: None
    notes: Mapping[str, tuple[tuple[Any, ...], str]] = field(default_factory=dict)


def is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def wired(source: Source | None) -> bool:
    return isinstance(source, Wire)
