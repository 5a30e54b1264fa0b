"""Variants of a document: without its techniques, with fewer steps, with other seeds or values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.graph.catalog import Catalog
from app.graph.flatten import flatten
from app.graph.widgets import Seed
from app.graph.workflow import Edge, NodeInstance, Workflow

TECHNIQUES = {"attention", "caching", "tokens"}
COMPARISONS = {"compare_techniques", "compare_sampling"}  # nodes that sample with and without, themselves


class NothingToCompare(Exception):
    """The document lacks what a comparison needs; the message says what."""


def opened(document: Workflow) -> Workflow:
    """Return the document with the graphs inside its graph opened, so that all nodes can be varied."""
    return replace(document, graphs={document.root: flatten(document).graph})


def techniques(document: Workflow, catalog: Catalog) -> list[str]:
    """Return the nodes that are on and put a technique on a model."""
    found = []
    for id, node in document.graph.nodes.items():
        spec = catalog.get(node.type)
        makes_model = spec is not None and any(output.type == "Model" for output in spec.outputs)
        if spec and makes_model and node.mode == "on" and spec.category.split("/")[0] in TECHNIQUES:
            found.append(id)
    return found


def behind(document: Workflow, nodes: Iterable[str]) -> frozenset[str]:
    """Return the nodes that get something from these, directly or through others."""
    found: set[str] = set()
    waiting = list(nodes)
    while waiting:
        here = waiting.pop()
        reached = {edge.target for edge in document.graph.edges if edge.source == here} - found
        found |= reached
        waiting += reached
    return frozenset(found)


def without(document: Workflow, nodes: Iterable[str]) -> Workflow:
    """Return the document with these nodes bypassed."""
    return changed(document, {id: replace(document.graph.nodes[id], mode="bypass") for id in nodes})


def with_seed(document: Workflow, seed: int, catalog: Catalog) -> Workflow:
    """Return the document with `seed` in every seed input that is not connected."""
    edits: dict[tuple[str, str], Any] = {}
    for id, node in document.graph.nodes.items():
        spec = catalog.get(node.type)
        for entry in spec.inputs if spec else ():
            if isinstance(entry.widget, Seed) and not connected(document, id, entry.name):
                edits[id, entry.name] = seed
    return with_values(document, edits)


def refuse_comparisons(document: Workflow) -> None:
    """Raise NothingToCompare where a node compares already: without techniques it has nothing to do."""
    for id, node in document.graph.nodes.items():
        if node.type in COMPARISONS and node.mode == "on":
            raise NothingToCompare(
                f"'{id}' compares by itself, and its table is in the report of a run. "
                "Run the workflow instead, or mute that node."
            )


Made = Callable[[str, str], Any]
"""(node, output) -> what came out there when the document ran."""


def steps_of(document: Workflow, catalog: Catalog, made: Made) -> dict[str, int]:
    """Return the schedules of a document and how many steps they make."""
    found = {}
    for id, node in document.graph.nodes.items():
        spec = catalog.get(node.type)
        if spec is None or node.mode != "on" or all(output.type != "Sigmas" for output in spec.outputs):
            continue
        entry = next((entry for entry in spec.inputs if entry.name == "steps" and entry.type == "int"), None)
        if entry:
            fed = next((edge for edge in document.graph.edges if goes_to(edge, id, "steps")), None)
            count = made(fed.source, fed.output) if fed else node.values.get("steps", entry.default)
            if isinstance(count, int):
                found[id] = count
    if not found:
        raise NothingToCompare(
            "no schedule node has a number of steps, so fewer steps cannot be compared. "
            "Use one that has, such as Flow schedule."
        )
    return found


def with_steps(document: Workflow, steps: Mapping[str, int]) -> Workflow:
    """Return the document with so many steps in its schedules, typed in."""
    graph = document.graph
    kept = tuple(edge for edge in graph.edges if edge.target not in steps or edge.input != "steps")
    loose = replace(document, graphs={**document.graphs, document.root: replace(graph, edges=kept)})
    return with_values(loose, {(id, "steps"): count for id, count in steps.items()})


def with_values(document: Workflow, values: Mapping[tuple[str, str], Any]) -> Workflow:
    """Return the document with other values, by (node, input)."""
    nodes = dict(document.graph.nodes)
    for (id, name), value in values.items():
        nodes[id] = replace(nodes[id], values={**nodes[id].values, name: value})
    return changed(document, nodes)


def changed(document: Workflow, nodes: Mapping[str, NodeInstance]) -> Workflow:
    graph = replace(document.graph, nodes={**document.graph.nodes, **nodes})
    return replace(document, graphs={**document.graphs, document.root: graph})


def connected(document: Workflow, node: str, name: str) -> bool:
    return any(goes_to(edge, node, name) for edge in document.graph.edges)


def goes_to(edge: Edge, node: str, name: str) -> bool:
    return (edge.target, edge.input) == (node, name)
