"""Find which nodes of ours one ComfyUI node can stand for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.workflow import Edge, Graph, NodeInstance
from app.interop.control_rules import Steering
from app.interop.edits import same
from app.interop.flat import SCHEMA, FlatNode, Port, Setting, Source, Wire
from app.interop.names import FOREIGN, TABLE
from app.interop.rules import Named, Of, Part, Rule, Via, Word
from app.interop.ways import Always, Color, Times

Parts = dict[str, str]  # part of a rule -> id of our node


@dataclass
class Restoring:
    """One graph on its way to ComfyUI, or to its frontend on this server (`here`)."""

    graph: Graph
    catalog: Catalog
    here: bool = False
    incoming: dict[str, dict[str, Edge]] = field(init=False)
    users: dict[str, set[str]] = field(default_factory=dict)
    matched: dict[str, tuple[Rule, Parts]] = field(default_factory=dict)
    nodes: dict[str, FlatNode] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.incoming = {id: {} for id in self.graph.nodes}
        for edge in self.graph.edges:
            if edge.target in self.incoming and edge.source in self.graph.nodes:
                self.incoming[edge.target][self.free(edge)] = edge
                self.users.setdefault(edge.source, set()).add(edge.target)

    def free(self, edge: Edge) -> str:
        """Number further wires into one input `texts:2`, `texts:3`: in ComfyUI an input takes one."""
        fed, name, number = self.incoming[edge.target], edge.input, 1
        while name in fed:
            number += 1
            name = f"{edge.input}:{number}"
        return name

    def value(self, id: str, name: str) -> Any:
        """Return the value of an input, by default that of our node."""
        node = self.graph.nodes[id]
        if name in node.values:
            return node.values[name]
        spec = self.catalog.get(node.type)
        entry = spec.input(name) if spec else None
        return None if entry is None or entry.required or entry.port else entry.default

    def source(self, id: str, name: str) -> Source | None:
        edge = self.incoming[id].get(name)
        if edge is not None:
            return Wire(edge.source, self.slot(edge.source, edge.output))
        value = self.value(id, name)
        return None if value is None else Setting(value)

    def slot(self, id: str, output: str) -> int:
        """Return the number of an output."""
        names = [port.name for port in self.outputs(id)]
        if id in self.matched:
            names = [out.ours or out.name for out in self.matched[id][0].outputs]
        if output in names:
            return names.index(output)
        _, _, digits = output.rpartition("_")
        return int(digits) if digits.isdecimal() and len(digits) < 4 else 0

    def outputs(self, id: str) -> tuple[Port, ...]:
        """Describe the outputs of a node that is not in the table."""
        node = self.graph.nodes[id]
        told = told_by(node).get("outputs")
        if isinstance(told, list) and told:
            pairs = (entry for entry in told if isinstance(entry, list) and len(entry) == 2)
            return tuple(Port(str(name), str(type)) for name, type in pairs)
        spec = self.catalog.get(node.type)
        if spec is None:
            return ()
        types = spec.outside.get(SCHEMA, {}).get("output") or [out.type.upper() for out in spec.outputs]
        return tuple(
            Port(out.name, str(type) if isinstance(type, str) else "COMBO")
            for out, type in zip(spec.outputs, types, strict=True)
        )


def match(work: Restoring, id: str) -> tuple[Rule, Parts] | None:
    """Find the line of the table whose main part is this node and whose other parts feed it.

    Of several the first that can say all choices counts, else the first that differs in built-in values only.
    """
    found: list[tuple[Rule, Parts]] = []
    for rule in TABLE:
        if fits(work, id, rule.parts[0]) and not needs_others(rule) and has_words(work, id, rule.parts[0]):
            parts = matching_parts(work, id, rule)
            if parts is not None:
                found.append((rule, parts))
    return next((each for each in found if is_meant(work, id, each[0].parts[0])), found[0] if found else None)


def has_words(work: Restoring, id: str, part: Part) -> bool:
    """Whether ComfyUI has words for the choices of a node; what is converted cannot be connected there."""
    ways = part.ways(work.graph.nodes[id].type)
    words = {name: way for name, way in ways.items() if isinstance(way, Word)}
    converted = {*words, *(name for name, way in ways.items() if isinstance(way, Color | Times))}
    return not converted & work.incoming[id].keys() and all(
        work.value(id, name) in list(way.words.values()) for name, way in words.items()
    )


def is_meant(work: Restoring, id: str, part: Part) -> bool:
    """Whether a line is made for this node and has its values built in, if any."""
    type = work.graph.nodes[id].type
    if part.instead is not None and type in part.instead.types():
        return False
    built_in = {name: way for name, way in part.ways(type).items() if isinstance(way, Always)}
    return all(
        name not in work.incoming[id] and same(way.value, work.value(id, name))
        for name, way in built_in.items()
    )


def needs_others(rule: Rule) -> bool:
    """Whether a class type leaves model and seed to nodes around it, so that it cannot be written alone."""
    ways = rule.parts[0].inputs.values()
    return any(isinstance(way, Via | Steering) or getattr(way, "guider", "") for way in ways)


def fits(work: Restoring, id: str, part: Part) -> bool:
    type = work.graph.nodes[id].type
    return type in part.types()


def matching_parts(work: Restoring, id: str, rule: Rule) -> Parts | None:
    parts = {"": id}
    others = {part.suffix: part for part in rule.parts}
    for name, way in rule.parts[0].inputs.items():
        if isinstance(way, Of):
            edge = work.incoming[id].get(name)
            if edge is None or not fits_word(work, edge.source, others[way.part]):
                return None
            parts[way.part] = edge.source
    return parts if all(required_ways(work, id, rule)) else None


def fits_word(work: Restoring, id: str, part: Part) -> bool:
    """Whether a node can be this part; a placeholder may stand for a word that we do not have."""
    foreign = isinstance(part.type, Named) and work.graph.nodes[id].type.startswith(FOREIGN)
    return fits(work, id, part) or foreign


def required_ways(work: Restoring, id: str, rule: Rule) -> Iterator[bool]:
    """Whether all edges into the main part can be said by this rule, so that none gets lost."""
    for name in work.incoming[id]:
        way = rule.parts[0].inputs.get(name)
        yield way is not None and (isinstance(way, Of) or bool(way.restore(Setting(0))) or name == "model")


def told_by(node: NodeInstance) -> Mapping[str, Any]:
    """Return what a placeholder remembers of its ComfyUI node."""
    told = node.extra.get("comfyui")
    return told if isinstance(told, dict) else {}
