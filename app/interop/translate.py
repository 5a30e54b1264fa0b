"""Flat ComfyUI graph -> our graph, by the table in `names.py`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.graph.expansion import Ready
from app.graph.problem import Problem
from app.graph.workflow import Edge, Graph, NodeInstance
from app.interop.flat import NATIVE, Flat, FlatNode, Setting, Wire, number, pair, told_apart
from app.interop.names import FOREIGN, RULES, placeholder_type
from app.interop.orders import HOLDERS, PASS_NOTES, PASS_ONLY, PASS_WIDGETS, PASSES, READ_BY_OTHERS
from app.interop.reach import Reach
from app.interop.rules import Found, From, Named, Of, Part, Rule, Same, Unmapped

DEFAULTS = {**PASS_WIDGETS, **{rule.class_type: rule.defaults for rule in RULES.values()}}
PART_HEIGHT = 130.0
COMPARE = Found.remedy


@dataclass
class Translation:
    """Our graph, with what was found on the way.

    Attributes:
        nodes: Our nodes by id.
        edges: Our edges.
        problems: What is not the same as in ComfyUI.
        found: (node id, input) -> where the value came from, for writing changes back.
        unmapped: Class types without a counterpart, with how often they came.
    """

    flat: Flat
    nodes: dict[str, NodeInstance] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    found: dict[tuple[str, str], Found] = field(default_factory=dict)
    unmapped: dict[str, int] = field(default_factory=dict)

    @property
    def graph(self) -> Graph:
        return Graph(self.nodes, tuple(self.edges))


def translate(flat: Flat) -> Translation:
    """Say a ComfyUI graph in our nodes; what has no counterpart becomes a placeholder."""
    made = Translation(flat)
    reach = Reach(flat, PASSES, DEFAULTS, HOLDERS, PASS_ONLY)
    for node in flat.nodes.values():
        if node.class_type in READ_BY_OTHERS or reach.vanishes(node):
            made.problems += left_out(node)
            continue
        rule = RULES.get(node.class_type)
        try:
            if rule is None:
                made.unmapped[node.class_type] = made.unmapped.get(node.class_type, 0) + 1
                add_placeholder(made, node, reach)
            else:
                add_parts(made, node, rule, reach)
        except Unmapped as reason:
            made.problems.append(not_mapped(node, f"{reason}."))
            add_placeholder(made, node, reach)
    return made


def add_parts(made: Translation, node: FlatNode, rule: Rule, reach: Reach) -> None:
    """Add all nodes that one ComfyUI node becomes, or none: raises Unmapped before it changes anything."""
    reason = rule.needs({name: reach.value(node, name) for name in rule.defaults})
    if reason:
        raise Unmapped(reason)
    ids = {part.suffix: part_id(node, part, reach.flat) for part in rule.parts}
    parts = [chosen(part, node, reach) for part in rule.parts]
    types = [type_of(part, node, reach) for part in parts]
    ways = [part.ways(type) for part, type in zip(parts, types, strict=True)]
    found = [sources(way, node, rule, reach) for way in ways]
    for index, (part, type) in enumerate(zip(parts, types, strict=True)):
        id = ids[part.suffix]
        values = take(made, id, found[index], node, port_of_ours)
        made.nodes[id] = NodeInstance(type, values, node.mode, layout(node, index))
        for name, way in ways[index].items():
            if isinstance(way, Of):
                made.edges.append(Edge(ids[way.part], way.output, id, name))
    made.problems += differences(node, rule, reach)


def sources(ways: Mapping[str, From], node: FlatNode, rule: Rule, reach: Reach) -> dict[str, Found]:
    """Find what feeds each input; a value where only a wire makes sense is left out."""
    found = {name: way.find(node, reach) for name, way in ways.items()}
    ports = {name for name, way in ways.items() if isinstance(way, Same) and rule.wired(way.input)}
    return {
        name: got
        for name, got in found.items()
        if got is not None and (name not in ports or isinstance(got.source, Wire) or ready(got.source))
    }


def ready(source: Setting | Wire) -> bool:
    """Whether a value is one that a pack's node hands over in an expansion, such as a model."""
    return isinstance(source, Setting) and isinstance(source.value, Ready)


def chosen(part: Part, node: FlatNode, reach: Reach) -> Part:
    if part.instead is None:
        return part
    if callable(part.when):
        fits = part.when(node, reach)
    else:
        fits = all(reach.value(node, name) == value for name, value in part.when.items())
    return chosen(part.instead, node, reach) if fits else part


def part_id(node: FlatNode, part: Part, flat: Flat) -> str:
    """Return a stable id: that of the ComfyUI node, with the part's name unless it is the main one."""
    id = f"{node.id}:{part.suffix}" if part.suffix else node.id
    while part.suffix and id in flat.nodes:
        id += "_"
    return id


def type_of(part: Part, node: FlatNode, reach: Reach) -> str:
    """Return the part's node type; a word that has no node of ours becomes a placeholder of that name."""
    if not isinstance(part.type, Named):
        return part.type
    word = reach.value(node, part.type.input)
    if not isinstance(word, str):
        raise Unmapped(f"{part.type.input} is connected, and has to be typed in")
    return part.type.nodes.get(word, FOREIGN + word)


def take(
    made: Translation, id: str, found: Mapping[str, Found], node: FlatNode, port: Callable[[str], str]
) -> dict[str, Any]:
    """Add edges for what is wired to the `port` of an input, note what differs, and return the values."""
    values = {}
    for name, got in found.items():
        if got.note:
            made.problems.append(difference(node, id, name, got.note, got.remedy))
        if isinstance(got.source, Wire):
            add_edge(made, got.source, id, port(name))
        else:
            values[name] = finite(got.source.value)
            made.found[id, name] = got
    return values


def port_of_ours(name: str) -> str:
    """Return the input that a wire goes to: `texts:2` is a further wire into `texts`."""
    port, _, number = name.rpartition(":")
    return port if port and number.isdecimal() else name


def finite(value: Any) -> Any:
    """Replace NaN and infinity, which browsers cannot read, by null."""
    match value:
        case float() if not math.isfinite(value):
            return None
        case list():
            return [finite(entry) for entry in value]
        case dict():
            return {name: finite(entry) for name, entry in value.items()}
    return value


def add_edge(made: Translation, wire: Wire, target: str, name: str) -> None:
    above = made.flat.nodes.get(wire.node)
    if above is not None and above.class_type not in READ_BY_OTHERS:
        made.edges.append(Edge(wire.node, output_name(above, wire.slot), target, name))


def output_name(node: FlatNode, slot: int) -> str:
    """Return our name of an output; one that we do not have keeps ComfyUI's, so that the check reports it."""
    rule = RULES.get(node.class_type)
    outputs = rule.outputs if rule else ()
    if 0 <= slot < len(outputs):
        return outputs[slot].ours or outputs[slot].name
    names = told_apart(output.name for output in node.outputs)
    return names[slot] if 0 <= slot < len(names) else f"output_{slot}"


def add_placeholder(made: Translation, node: FlatNode, reach: Reach) -> None:
    """Add a node that keeps all values and wires of a ComfyUI node that we cannot run."""
    sources = {name: reach.source(node, name) for name in node.inputs}
    found = {name: Found(source) for name, source in sources.items() if source is not None}
    ours = node.class_type.startswith(NATIVE)
    values = take(made, node.id, found, node, port_of_ours if ours else str)
    rule = RULES.get(node.class_type)
    outputs = node.outputs or (rule.outputs if rule else ())
    names = told_apart(output.name for output in outputs)
    told = {
        "class_type": node.class_type,
        "inputs": dict(node.ports or (rule.ports if rule else {})),
        "outputs": [list(pair) for pair in zip(names, (output.type for output in outputs), strict=True)],
    }
    extra = {**layout(node, 0), "comfyui": told}
    made.nodes[node.id] = NodeInstance(placeholder_type(node.class_type), values, node.mode, extra)


def layout(node: FlatNode, part: int) -> dict[str, Any]:
    """Return place and looks for the canvas; further parts stand below the main one."""
    raw, (x, y) = node.drawn, node.corner
    width, height = pair(raw.get("size"), (270.0, 260.0))
    drop = height + 60 + (part - 1) * PART_HEIGHT if part else 0.0
    looks: dict[str, Any] = {"position": [x, y + drop], "size": [number(width, 270.0), 0.0]}
    title, color, flags = raw.get("title"), raw.get("bgcolor"), raw.get("flags")
    if isinstance(title, str) and title != node.class_type and not part:
        looks["title"] = title
    if isinstance(color, str):
        looks["color"] = color
    if isinstance(flags, dict) and flags.get("collapsed") is True:
        looks["collapsed"] = True
    return looks


def differences(node: FlatNode, rule: Rule, reach: Reach) -> Iterator[Problem]:
    """Tell of words without a node of ours, and of values that come out a little different."""
    for part in rule.parts:
        if isinstance(part.type, Named):
            word = reach.value(node, part.type.input)
            if word in part.type.near:
                yield difference(node, node.id, part.type.input, f"{word!r} {part.type.near[word]}")
            elif word not in part.type.nodes:
                known = ", ".join(map(repr, part.type.nodes))
                why = part.type.missing.get(word)
                because = f" ({why})" if why else ""
                yield not_mapped(node, f"{part.type.input} is {word!r}{because}, known are {known}.")
    for name in filter(rule.wired, rule.ports):
        source = reach.source(node, name)
        if isinstance(source, Setting):
            text = f"{source.value!r} is no node of this file, so that nothing is connected"
            yield difference(node, node.id, name, text)
    for name, (same, text) in rule.notes.items():
        value = reach.value(node, name)
        if value not in same:
            yield difference(node, node.id, name, f"{value!r} {text}")


def left_out(node: FlatNode) -> Iterator[Problem]:
    """Tell what is not the same without a node that is looked through."""
    if node.class_type in PASS_NOTES and node.mode == "on":
        text = f"{node.id} ({node.class_type}) is not asked here: {PASS_NOTES[node.class_type]}."
        yield Problem("comfyui_difference", text, COMPARE, None, None, "warning")


def difference(node: FlatNode, id: str, name: str, text: str, remedy: str = COMPARE) -> Problem:
    return Problem(
        "comfyui_difference",
        f"{id} ({node.class_type}): {name}: {text}.",
        remedy,
        id,
        name,
        "warning",
    )


def not_mapped(node: FlatNode, text: str) -> Problem:
    return Problem(
        "comfyui_unmapped",
        f"{node.id} ({node.class_type}): {text}",
        "Choose another value, or replace the node on the canvas.",
        node.id,
        None,
        "warning",
    )
