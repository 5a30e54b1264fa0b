"""Our graph -> flat ComfyUI graph, by the table in `names.py`: several nodes of ours may become one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.resolve import links_of
from app.graph.workflow import Edge, Graph, NodeInstance
from app.interop.edits import otherwise, same
from app.interop.flat import NATIVE, Flat, FlatNode, Port, Setting, Source, Wire
from app.interop.matching import Parts, Restoring, match, told_by
from app.interop.names import FOREIGN, class_type_of
from app.interop.rules import Named, Part, Rule
from app.interop.translate import translate
from app.interop.ways import OnModel


def restore(graph: Graph, catalog: Catalog, *, here: bool = False) -> tuple[Flat, list[Problem]]:
    """Say our graph in ComfyUI's nodes; one that ComfyUI does not have is called `patchloom.` and our id.

    `here`: it stays on this server, which knows a size of 0: the model's own.
    """
    work = Restoring(graph, catalog, here)
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
    return Flat(work.nodes), [*work.problems, *unsaid(work)]


def restore_parts(work: Restoring, id: str, rule: Rule, parts: Parts) -> None:
    """Put the parts of one rule together again."""
    inputs: dict[str, Source] = {}
    on_model: dict[OnModel, Source] = {}
    for part in rule.parts:
        ours = parts.get(part.suffix)
        if ours is None:
            continue
        node = work.graph.nodes[ours]
        used, choice = part.used(node.type)
        inputs.update({name: Setting(value) for name, value in choice.items()})
        if isinstance(used.type, Named):
            word = used.type.word(node.type, partial(work.value, ours)) or node.type.removeprefix(FOREIGN)
            inputs[used.type.input] = Setting(word)
        inputs.update(restored_inputs(work, ours, used, rule))
        ways = ((name, way) for name, way in used.ways(node.type).items() if isinstance(way, OnModel))
        on_model.update(
            {way: source for name, way in ways if (source := work.source(ours, name)) is not None}
        )
    if "negative" in rule.ports and "negative" not in inputs and "positive" in inputs:
        inputs["negative"] = inputs["positive"]
    if "model" in rule.ports and "model" not in inputs:
        inputs.update(model_of_user(work, id))
    for way, source in on_model.items():
        if "model" in inputs:
            inputs["model"] = put_on_model(work, id, way, inputs["model"], source)
    node = work.graph.nodes[id]
    work.nodes[id] = FlatNode(
        id=id,
        class_type=rule.class_type,
        inputs=in_order(rule, inputs) if work.here else without_zero(rule, in_order(rule, inputs)),
        mode=node.mode,
        outputs=tuple(Port(out.name, out.type) for out in rule.outputs),
        ports=dict(rule.ports),
        drawn=drawn(node),
    )


def model_of_user(work: Restoring, id: str) -> dict[str, Source]:
    """Return the model of a sampler that a node feeds, for a node that asks for none here."""
    wires = (work.source(user, "model") for user in sorted(work.users.get(id, ())))
    return next(({"model": wire} for wire in wires if isinstance(wire, Wire)), {})


def restored_inputs(work: Restoring, id: str, part: Part, rule: Rule) -> dict[str, Source]:
    """Return the inputs that one part gives back; a port keeps a value only if it was typed in."""
    inputs: dict[str, Source] = {}
    node = work.graph.nodes[id]
    for name, way in part.ways(node.type).items():
        source = work.source(id, name)
        if source is not None:
            given = isinstance(source, Wire) or name in node.values
            back = way.restore(source)
            inputs.update({input: found for input, found in back.items() if given or input not in rule.ports})
    return inputs


def in_order(rule: Rule, inputs: Mapping[str, Source]) -> dict[str, Source]:
    """Order inputs as the class type lists them; what is missing gets ComfyUI's default."""
    found = {name: inputs[name] for name in rule.ports if name in inputs}
    for name, default in rule.typed_in(lambda name, place: value_of(inputs.get(name))).items():
        source = inputs.get(name, Setting(default))
        found[name] = Setting(as_number(source.value, default)) if isinstance(source, Setting) else source
    return found


def as_number(value: Any, like: Any) -> Any:
    """Turn a large integer that is kept as text into a number again."""
    whole = isinstance(like, int) and isinstance(value, str) and value.lstrip("-").isdecimal()
    return int(value) if whole and len(value) <= 20 else value


def put_on_model(work: Restoring, id: str, way: OnModel, model: Source, value: Source) -> Wire:
    """Add the node that holds a value on the wire of the model."""
    new = f"{id}:{way.input}"
    work.nodes[new] = FlatNode(
        new,
        way.class_type,
        {"model": model, way.input: value},
        outputs=(Port("MODEL", "MODEL"),),
        ports={"model": "MODEL"},
        drawn={"pos": shifted(drawn(work.graph.nodes[id]).get("pos"))},
    )
    if way.class_type == "ModelSamplingSD3":
        text = f"{id}: the shift is written as a node ModelSamplingSD3."
        remedy = "For AuraFlow and Flux models use ModelSamplingAuraFlow or ModelSamplingFlux instead."
        work.problems.append(Problem("comfyui_difference", text, remedy, id, "shift", "warning"))
    return Wire(new, 0)


def shifted(pos: Any) -> list[float]:
    x, y = pos if isinstance(pos, list) and len(pos) == 2 else (0.0, 0.0)
    return [x, y - 150]


def unsaid(work: Restoring) -> Iterator[Problem]:
    """Read back what was written, and tell of every value that ComfyUI takes otherwise than we do."""
    again = translate(Flat(work.nodes)).nodes
    for id, (rule, parts) in work.matched.items():
        for suffix, ours in parts.items():
            back = again.get(f"{id}:{suffix}" if suffix else id)
            if back is not None and back.type == work.graph.nodes[ours].type:
                yield from unsaid_values(work, ours, back)
            elif back is not None:
                yield from nearly_said(work, ours, next(part for part in rule.parts if part.suffix == suffix))


def unsaid_values(work: Restoring, id: str, back: NodeInstance) -> Iterator[Problem]:
    spec = work.catalog.get(back.type)
    for entry in spec.inputs if spec else ():
        told = entry.name in back.values or not entry.required
        if entry.port or not told or entry.name in work.incoming[id]:
            continue
        here, there = work.value(id, entry.name), back.values.get(entry.name, entry.default)
        if not same(here, there):
            yield otherwise(id, entry.name, here, there)


def nearly_said(work: Restoring, id: str, part: Part) -> Iterator[Problem]:
    """Tell of values of a node that ComfyUI says in other words, and has no place for."""
    type = work.graph.nodes[id].type
    ways, spec = part.used(type)[0].ways(type), work.catalog.get(type)
    for entry in spec.inputs if spec else ():
        value = work.value(id, entry.name)
        way = ways.get(entry.name)
        lost = way is None or not (way.restore(Setting(value)) or isinstance(way, OnModel))
        if lost and not entry.port and not same(value, entry.default):
            yield otherwise(id, entry.name, value, "its own")


def without_zero(rule: Rule, inputs: dict[str, Source]) -> dict[str, Source]:
    """Give an empty latent a size: our 0 is the model's own, which ComfyUI cannot say."""
    zero = [name for name in ("width", "height") if name in rule.widgets and value_of(inputs.get(name)) == 0]
    return {**inputs, **{name: Setting(rule.widgets[name]) for name in zero}}


def value_of(source: Source | None) -> Any:
    return source.value if isinstance(source, Setting) else None


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
