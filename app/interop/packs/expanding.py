"""A graph that a pack's node returns, ComfyUI's API format with live values in it as an expansion of ours."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.graph.catalog import Catalog
from app.graph.expansion import Expansion, Ready
from app.graph.problem import Refusal
from app.graph.spec import Output
from app.graph.workflow import Graph, Link
from app.interop.edits import named_outputs
from app.interop.flat import NATIVE, Flat, FlatNode, Setting, Source, Wire
from app.interop.names import RULES
from app.interop.orders import PASSES, READ_BY_OTHERS
from app.interop.packs.prompts import Prompts
from app.interop.packs.shims.graph_utils import is_link
from app.interop.packs.values import Crossing
from app.interop.translate import translate

RESULTS = NATIVE + "results"  # a node that stands for the outputs, so that links to them are translated too
Parts = tuple[Any, ...]


def expansion(
    parts: Parts,
    nodes: Mapping[str, Any],
    outputs: tuple[Output, ...],
    prompts: Prompts,
    catalog: Catalog,
    crossing: Crossing,
) -> Expansion:
    """Translate new nodes and the values of the outputs, which may be links into the new graph."""
    around = surroundings(nodes, prompts)
    ends = {place(n, m): value for n, m, value in elements(parts, outputs)}
    flat = {id: flat_node(id, node, nodes, prompts, crossing) for id, node in {**around, **nodes}.items()}
    links = {name: Wire(value[0], int(value[1])) for name, value in ends.items() if is_link(value)}
    flat[RESULTS] = FlatNode(RESULTS, RESULTS, links)
    made = translate(Flat(flat))
    owners = {id: owner(id, nodes) for id in made.nodes}
    own = {id: node for id, node in made.nodes.items() if owners[id] is not None}
    for id, node in own.items():
        if catalog.get(node.type) is None:
            raise Refusal(
                f"it expands into '{id}', a node of type '{node.type}', which does not exist.",
                "Load the pack that has it, too.",
                code="unknown_node",
            )
    edges = named_outputs(Graph(made.nodes, tuple(made.edges)), catalog).edges
    ended = {edge.input: Link(edge.source, edge.output) for edge in edges if edge.target == RESULTS}
    shown = {id: nodes[str(owners[id])].get("override_display_id") for id in own}
    return Expansion(
        own,
        tuple(edge for edge in edges if edge.target in own),
        gathered(parts, outputs, ended, crossing),
        {id: str(other) for id, other in shown.items() if other is not None},
    )


def surroundings(nodes: Mapping[str, Any], prompts: Prompts) -> dict[str, Any]:
    """Return the nodes outside that new ones have links to; of those of ComfyUI, also what feeds them.

    Some of ComfyUI's nodes become parts of others here, so that translating one needs a look at its sources.
    """
    found: dict[str, Any] = {}
    waiting = [link[0] for node in nodes.values() for link in links_in(node)]
    while waiting:
        id = waiting.pop()
        if id in nodes or id in found or not prompts.has_node(id):
            continue
        found[id] = prompts.get_node(id)
        if known_here(found[id]["class_type"]):
            waiting.extend(link[0] for link in links_in(found[id]))
    return found


def known_here(class_type: str) -> bool:
    return class_type in RULES or class_type in PASSES or class_type in READ_BY_OTHERS


def links_in(node: Mapping[str, Any]) -> Iterator[list[Any]]:
    yield from (value for value in node.get("inputs", {}).values() if is_link(value))


def flat_node(
    id: str, node: Mapping[str, Any], nodes: Mapping[str, Any], prompts: Prompts, crossing: Crossing
) -> FlatNode:
    """Return one node; values for a pack's node stay what they are, as ComfyUI does not check them here."""
    class_type = str(node["class_type"])
    checked = known_here(class_type) or class_type.startswith(NATIVE)
    inputs: dict[str, Source] = {}
    for name, value in node.get("inputs", {}).items():
        if is_link(value) and (value[0] in nodes or prompts.has_node(value[0])):
            inputs[name] = Wire(value[0], int(value[1]))
        elif checked and (value is None or isinstance(value, bool | int | float | str)):
            inputs[name] = Setting(value)
        else:
            inputs[name] = Setting(Ready(crossing.leave(value, "Any")))
    return FlatNode(id, class_type, inputs)


def owner(id: str, nodes: Mapping[str, Any]) -> str | None:
    """Return the new node that a node of ours came from; None for one from outside."""
    while id not in nodes and ":" in id:
        id = id.rpartition(":")[0]
    return id if id in nodes else None


def place(output: int, element: int | None) -> str:
    return f"{output}" if element is None else f"{output}.{element}"


def elements(parts: Parts, outputs: tuple[Output, ...]) -> Iterator[tuple[int, int | None, Any]]:
    """Walk the values of the outputs, those of a list one by one: output, place in the list, value."""
    for n, (value, output) in enumerate(zip(parts, outputs, strict=False)):
        if output.multiple and isinstance(value, list | tuple) and not is_link(value):
            yield from ((n, m, entry) for m, entry in enumerate(value))
        else:
            yield n, None, value


def gathered(
    parts: Parts, outputs: tuple[Output, ...], ended: Mapping[str, Link], crossing: Crossing
) -> dict[str, Any]:
    """Return link or value for each output."""
    found: dict[str, Any] = {}
    for n, m, value in elements(parts, outputs):
        output = outputs[n]
        end = ended.get(place(n, m)) if is_link(value) else crossing.leave(value, output.type)
        if m is None:
            found[output.name] = end
        else:
            found.setdefault(output.name, []).append(end)
    return found
