"""A drawn ComfyUI graph with its subgraph boxes, and the way from an input back to what feeds it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.graph.workflow import MalformedWorkflow, Mode, expect
from app.interop.flat import Place, Setting, Source, Wire
from app.interop.settings import entries

INPUT_BOX = "-10"  # the node id that stands for the inputs of the subgraph around
OUTPUT_BOX = "-20"
MODES: dict[int, Mode] = {2: "mute", 4: "bypass"}
UNDRAWN = frozenset({"Reroute", "PrimitiveNode", "Note", "MarkdownNote", "SetNode", "GetNode"})


@dataclass(frozen=True)
class Link:
    """A wire of the drawing; ends are node ids and slot numbers."""

    origin: str
    slot: int
    target: str
    target_slot: int


@dataclass
class Scope:
    """One level of the drawing: the canvas itself, or the inside of one subgraph box."""

    graph: Mapping[str, Any]
    definitions: Mapping[str, Mapping[str, Any]]
    path: tuple[str, ...] = ()
    outer: Scope | None = None
    box: Mapping[str, Any] = field(default_factory=dict)
    nodes: dict[str, dict[str, Any]] = field(init=False)
    links: dict[str, Link] = field(init=False)
    inner: dict[str, Scope] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.nodes = dict(read_nodes(self.graph))
        self.links = dict(read_links(self.graph))
        for id, raw in self.nodes.items():
            if raw["type"] in self.definitions:
                definition = self.definitions[raw["type"]]
                self.inner[id] = Scope(definition, self.definitions, (*self.path, id), self, raw)

    def id(self, node: str) -> str:
        """Return the node's id in the flat graph, as ComfyUI writes it: `57:30`."""
        return ":".join((*self.path, node))

    def everything(self) -> Iterator[Scope]:
        yield self
        for scope in self.inner.values():
            yield from scope.everything()


@dataclass(frozen=True)
class Exit:
    """An output of something drawn, on the way to what really makes the value."""

    scope: Scope
    node: str
    slot: int


def read_nodes(graph: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    nodes = expect(graph.get("nodes"), list, "'nodes'")
    for index, raw in enumerate(nodes):
        node = expect(raw, dict, f"Entry {index} of 'nodes'")
        id = node.get("id")
        if isinstance(id, bool) or not isinstance(id, int | str):
            raise MalformedWorkflow(f"Entry {index} of 'nodes' has the id {id!r}.", "Give it a number as id.")
        expect(node.get("type"), str, f"'type' of node '{id}'")
        yield str(id), node


def read_links(graph: Mapping[str, Any]) -> Iterator[tuple[str, Link]]:
    """Read links of both shapes; one that is not understood is left out, as ComfyUI leaves it out."""
    links = graph.get("links")
    for link in links if isinstance(links, list) else ():
        if isinstance(link, dict):
            names = ("id", "origin_id", "origin_slot", "target_id", "target_slot")
            parts = [link.get(name) for name in names]
        else:
            parts = link[:5] if isinstance(link, list) else []
        if len(parts) != 5:
            continue
        id, origin, slot, target, target_slot = parts
        if isinstance(slot, int) and isinstance(target_slot, int) and min(slot, target_slot) >= 0:
            yield str(id), Link(str(origin), slot, str(target), target_slot)


def mode_of(raw: Mapping[str, Any]) -> Mode:
    mode = raw.get("mode", 0)
    return MODES.get(mode, "on") if isinstance(mode, int) else "on"


def origin(scope: Scope, link: Any) -> Source | None:
    """Walk from a link up to the value or node output that feeds it; None when nothing does."""
    at: Exit | Source | None = start(scope, link)
    seen = set()
    while isinstance(at, Exit):
        place = (at.scope.path, at.node, at.slot)
        if place in seen:
            return None
        seen.add(place)
        at = upstream(at)
    return at


def start(scope: Scope, link: Any) -> Exit | None:
    found = scope.links.get(str(link))
    return Exit(scope, found.origin, found.slot) if found else None


def upstream(at: Exit) -> Exit | Source | None:
    """Take one step up: out of or into a box, past a bypassed or undrawn node, or to the end."""
    if at.node == INPUT_BOX:
        return out_of_box(at)
    raw = at.scope.nodes.get(at.node)
    if raw is None:
        return None
    if raw["type"] in UNDRAWN:
        return past_undrawn(at.scope, raw) if mode_of(raw) != "mute" else None
    if mode_of(raw) == "bypass":
        return past_bypassed(at, raw)
    if at.node in at.scope.inner:
        return into_box(at)
    return Wire(at.scope.id(at.node), at.slot)


def out_of_box(at: Exit) -> Exit | Source | None:
    """Go on from a subgraph's input: what is connected to the box, or the value set on it."""
    ports = entries(at.scope.graph, "inputs")
    if at.scope.outer is None or not 0 <= at.slot < len(ports):
        return None
    name = ports[at.slot]["name"]
    for entry in entries(at.scope.box, "inputs"):
        if entry["name"] == name and entry.get("link") is not None:
            return start(at.scope.outer, entry["link"])
    return set_on_box(at.scope, name)


def set_on_box(scope: Scope, name: str) -> Setting | None:
    """Return a value set on a subgraph box: by name, or by position among the inputs that feed widgets."""
    named, values = scope.box.get("widgets_values_named"), scope.box.get("widgets_values")
    order = widget_inputs(scope)
    places = []
    if isinstance(named, dict) and name in named:
        places.append(Place(named, name))
    if isinstance(values, list) and len(values) == len(order) and name in order:
        places.append(Place(values, order.index(name)))
    return Setting(places[0].holder[places[0].key], tuple(places)) if places else None


def widget_inputs(scope: Scope) -> list[str]:
    """Name the inputs of a subgraph that feed a widget inside."""
    feeding = set()
    for link in scope.links.values():
        target = scope.nodes.get(link.target) if link.origin == INPUT_BOX else None
        ports = entries(target, "inputs") if target else []
        if link.target_slot < len(ports) and "widget" in ports[link.target_slot]:
            feeding.add(link.slot)
    return [entry["name"] for slot, entry in enumerate(entries(scope.graph, "inputs")) if slot in feeding]


def into_box(at: Exit) -> Exit | None:
    inner = at.scope.inner[at.node]
    for link in inner.links.values():
        if link.target == OUTPUT_BOX and link.target_slot == at.slot:
            return Exit(inner, link.origin, link.slot)
    return None


def past_undrawn(scope: Scope, raw: Mapping[str, Any]) -> Exit | Setting | None:
    """Go on past what only the browser knows: reroutes, primitives, named wires."""
    if raw["type"] == "PrimitiveNode":
        values = raw.get("widgets_values")
        return Setting(values[0], (Place(values, 0),)) if isinstance(values, list) and values else None
    if raw["type"] == "GetNode":
        raw = setter(scope, raw) or {}
    links = [entry["link"] for entry in entries(raw, "inputs") if entry.get("link") is not None]
    return start(scope, links[0]) if links else None


def setter(scope: Scope, raw: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Find the SetNode of the same name as a GetNode."""
    wanted = raw.get("widgets_values")
    same = (
        node
        for node in scope.nodes.values()
        if node["type"] == "SetNode" and node.get("widgets_values") == wanted
    )
    return next(same, None)


def past_bypassed(at: Exit, raw: Mapping[str, Any]) -> Exit | None:
    """A bypassed node hands on the input of the same slot if the type fits, else the first of that type."""
    outputs, inputs = entries(raw, "outputs"), entries(raw, "inputs")
    if not 0 <= at.slot < len(outputs):
        return None
    wanted = outputs[at.slot].get("type")
    for entry in [*inputs[at.slot : at.slot + 1], *inputs]:
        if entry.get("type") == wanted and entry.get("link") is not None:
            return start(at.scope, entry["link"])
    return None
