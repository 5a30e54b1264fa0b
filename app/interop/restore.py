"""Our graph -> flat ComfyUI graph, by the table in `names.py`: several nodes of ours may become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.resolve import links_of
from app.graph.workflow import Edge, Graph, NodeInstance
from app.interop.flat import NATIVE, Flat, FlatNode, Port, Setting, Source, Wire
from app.interop.names import FOREIGN, TABLE, class_type_of
from app.interop.rules import Named, Of, Part, Rule, Shift, is_number

Parts = dict[str, str]  # part of a rule -> id of our node


@dataclass
class Restoring:
    """One graph on its way to ComfyUI."""

    graph: Graph
    catalog: Catalog
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
        fed = self.incoming[edge.target]
        return next(
            name
            for name in (edge.input, *(f"{edge.input}:{n}" for n in range(2, len(self.graph.edges) + 3)))
            if name not in fed
        )

    def value(self, id: str, name: str) -> Any:
        """Return the value of an input, by default that of our node."""
        node = self.graph.nodes[id]
        if name in node.values:
            return node.values[name]
        spec = self.catalog.get(node.type)
        entry = spec.input(name) if spec else None
        return None if entry is None or entry.required else entry.default

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
        if isinstance(told, list):
            pairs = (entry for entry in told if isinstance(entry, list) and len(entry) == 2)
            return tuple(Port(str(name), str(type)) for name, type in pairs)
        spec = self.catalog.get(node.type)
        return tuple(Port(out.name, out.type.upper()) for out in spec.outputs) if spec else ()


def restore(graph: Graph, catalog: Catalog) -> tuple[Flat, list[Problem]]:
    """Say our graph in ComfyUI's nodes; one that ComfyUI does not have is called `patchloom.` and our id."""
    work = Restoring(graph, catalog)
    inner: dict[str, set[str]] = {}
    for id in graph.nodes:
        found = match(work, id)
        if found:
            work.matched[id] = found
            for suffix, part in found[1].items():
                if suffix:
                    inner.setdefault(part, set()).add(id)
    for id, node in graph.nodes.items():
        if id in inner and work.users.get(id, set()) <= inner[id]:
            continue
        if id in work.matched:
            restore_parts(work, id, *work.matched[id])
        else:
            restore_single(work, id, node)
    return Flat(work.nodes), work.problems


def match(work: Restoring, id: str) -> tuple[Rule, Parts] | None:
    """Find the first line of the table whose main part is this node and whose other parts feed it."""
    for rule in TABLE:
        if fits(work, id, rule.parts[0]):
            parts = matching_parts(work, id, rule)
            if parts is not None:
                return rule, parts
    return None


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


def restore_parts(work: Restoring, id: str, rule: Rule, parts: Parts) -> None:
    """Put the parts of one rule together again."""
    inputs: dict[str, Source] = {}
    shift = 1.0
    for part in rule.parts:
        ours = parts.get(part.suffix)
        if ours is None:
            continue
        node = work.graph.nodes[ours]
        instead = part.instead is not None and node.type in part.instead.types()
        used = part.instead if instead and part.instead else part
        inputs.update({name: Setting(value) for name, value in part.when.items()} if instead else {})
        inputs.update(restored_inputs(work, ours, used))
        if isinstance(used.type, Named):
            word = used.type.word(node.type) or node.type.removeprefix(FOREIGN)
            inputs[used.type.input] = Setting(word)
        if any(isinstance(way, Shift) for way in used.inputs.values()):
            found = work.value(ours, "shift")
            shift = found if is_number(found) else 1.0
    if "negative" in rule.ports and "negative" not in inputs and "positive" in inputs:
        inputs["negative"] = inputs["positive"]
    if shift != 1 and "model" in inputs:
        inputs["model"] = set_shift(work, id, inputs["model"], shift)
    node = work.graph.nodes[id]
    work.nodes[id] = FlatNode(
        id=id,
        class_type=rule.class_type,
        inputs=in_order(rule, inputs),
        mode=node.mode,
        outputs=tuple(Port(out.name, out.type) for out in rule.outputs),
        ports=dict(rule.ports),
        drawn=drawn(node),
    )
    note_odd_values(work, id, rule)


def restored_inputs(work: Restoring, id: str, part: Part) -> dict[str, Source]:
    inputs: dict[str, Source] = {}
    for name, way in part.inputs.items():
        source = work.source(id, name)
        if source is not None:
            inputs.update(way.restore(source))
    return inputs


def in_order(rule: Rule, inputs: Mapping[str, Source]) -> dict[str, Source]:
    """Order inputs as the class type lists them; what is missing gets ComfyUI's default."""
    found = {name: inputs[name] for name in rule.ports if name in inputs}
    for name, default in rule.widgets.items():
        source = inputs.get(name, Setting(default))
        found[name] = Setting(as_number(source.value, default)) if isinstance(source, Setting) else source
    return found


def as_number(value: Any, like: Any) -> Any:
    """Turn a large integer that is kept as text into a number again."""
    whole = isinstance(like, int) and isinstance(value, str) and value.lstrip("-").isdecimal()
    return int(value) if whole and len(value) <= 20 else value


def set_shift(work: Restoring, id: str, model: Source, shift: float) -> Wire:
    """Add the node that gives a model another shift."""
    new = f"{id}:shift"
    work.nodes[new] = FlatNode(
        new,
        "ModelSamplingSD3",
        {"model": model, "shift": Setting(shift)},
        outputs=(Port("MODEL", "MODEL"),),
        ports={"model": "MODEL"},
        drawn={"pos": shifted(drawn(work.graph.nodes[id]).get("pos"))},
    )
    text = f"{id}: the shift {shift:g} is written as a node ModelSamplingSD3."
    remedy = "For AuraFlow and Flux models use ModelSamplingAuraFlow or ModelSamplingFlux instead."
    work.problems.append(Problem("comfyui_difference", text, remedy, id, "shift", "warning"))
    return Wire(new, 0)


def shifted(pos: Any) -> list[float]:
    x, y = pos if isinstance(pos, list) and len(pos) == 2 else (0.0, 0.0)
    return [x, y - 120]


def note_odd_values(work: Restoring, id: str, rule: Rule) -> None:
    """Tell of our special values: a size of 0 is the model's own, which ComfyUI cannot say."""
    node = work.nodes[id]
    for name in ("width", "height"):
        if node.setting(name) == 0 and rule.parts[0].type == "empty_latent":
            size = rule.widgets[name]
            work.nodes[id] = node = replace(node, inputs={**node.inputs, name: Setting(size)})
            text = f"{id}: {name} 0 is the model's own size, which ComfyUI cannot say; {size} is written."
            remedy = f"Set {name} to the size you want."
            work.problems.append(Problem("comfyui_difference", text, remedy, id, name, "warning"))


def restore_single(work: Restoring, id: str, node: NodeInstance) -> None:
    """Write a node that is not in the table under its own name, with all it has."""
    told = told_by(node)
    class_type = str(told.get("class_type") or class_type_of(node.type))
    spec = work.catalog.get(node.type)
    names = [entry.name for entry in spec.inputs] if spec else []
    names += [name for name in (*node.values, *work.incoming[id]) if name not in names]
    sources = {name: work.source(id, name) for name in names}
    ports = told.get("inputs")
    work.nodes[id] = FlatNode(
        id=id,
        class_type=class_type,
        inputs={name: source for name, source in sources.items() if source is not None},
        mode=node.mode,
        outputs=work.outputs(id),
        ports={str(name): str(type) for name, type in ports.items()} if isinstance(ports, dict) else {},
        drawn=drawn(node),
    )
    if class_type.startswith(NATIVE):
        text = f"{id}: ComfyUI has no counterpart of {node.type}; it is written as '{class_type}'."
        remedy = "Such nodes run on Patchloom's server only."
        work.problems.append(Problem("comfyui_unmapped", text, remedy, id, None, "warning"))


def told_by(node: NodeInstance) -> Mapping[str, Any]:
    """Return what a placeholder remembers of its ComfyUI node."""
    told = node.extra.get("comfyui")
    return told if isinstance(told, dict) else {}


def drawn(node: NodeInstance) -> dict[str, Any]:
    """Return place and looks as ComfyUI writes them."""
    extra = node.extra
    looks = {"pos": extra.get("position"), "title": extra.get("title"), "bgcolor": extra.get("color")}
    if extra.get("collapsed") is True:
        looks["flags"] = {"collapsed": True}
    return {name: value for name, value in looks.items() if value}


def running(graph: Graph, catalog: Catalog) -> Graph:
    """Return what takes part in a run: muted nodes gone, bypassed nodes short-circuited."""
    links = links_of(graph, catalog)
    edges = [
        Edge(link.node, link.output, id, name)
        for id, inputs in links.items()
        for name, sources in inputs.items()
        for link in sources
    ]
    return Graph({id: graph.nodes[id] for id in links}, tuple(edges), graph.extra)
