"""Variants of a document: without its techniques, with fewer steps, with other seeds or values."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from app.graph.catalog import Catalog
from app.graph.flatten import flatten
from app.graph.widgets import Seed
from app.graph.workflow import NodeInstance, Workflow

TECHNIQUES = {"attention", "caching", "tokens"}


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


def steps_of(document: Workflow, catalog: Catalog) -> dict[str, int]:
    """Return the schedules of a document and how many steps they make."""
    found = {}
    for id, node in document.graph.nodes.items():
        spec = catalog.get(node.type)
        if spec is None or node.mode != "on" or all(output.type != "Sigmas" for output in spec.outputs):
            continue
        entry = next((entry for entry in spec.inputs if entry.name == "steps" and entry.type == "int"), None)
        if entry and not connected(document, id, "steps"):
            found[id] = int(node.values.get("steps", entry.default))
    if not found:
        raise NothingToCompare(
            "no schedule node has a number of steps typed in, so fewer steps cannot be compared. "
            "Use a schedule node with a value for steps."
        )
    return found


def with_steps(document: Workflow, share: float, catalog: Catalog) -> Workflow:
    """Return the document with that share of its steps, at least one."""
    steps = steps_of(document, catalog)
    return with_values(document, {(id, "steps"): max(1, round(share * count)) for id, count in steps.items()})


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
    return any((edge.target, edge.input) == (node, name) for edge in document.graph.edges)
