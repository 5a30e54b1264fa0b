"""Changes to a document from outside the canvas."""

from __future__ import annotations

from dataclasses import replace

from app.graph.catalog import Catalog
from app.graph.check import listed
from app.graph.values import parse
from app.graph.workflow import Workflow


class NoSuchInput(Exception):
    """The change names a node or input that is not there."""


def set_value(workflow: Workflow, node: str, name: str, word: str, catalog: Catalog) -> Workflow:
    """Return the document with one value set from a command-line word, and the edge into that input removed.

    Raises NoSuchInput for an unknown place and BadValue for a value that does not fit.
    """
    graph = workflow.graph
    if node not in graph.nodes:
        raise NoSuchInput(f"there is no node '{node}'; the document has {listed(graph.nodes)}.")
    instance = graph.nodes[node]
    spec = catalog.get(instance.type)
    settable = [entry for entry in spec.inputs if not entry.port] if spec else []
    entry = next((entry for entry in settable if entry.name == name), None)
    if entry is None:
        raise NoSuchInput(
            f"node '{node}' has no value '{name}'; it has {listed(item.name for item in settable)}."
        )
    changed = replace(instance, values={**instance.values, name: parse(entry, word)})
    edges = tuple(edge for edge in graph.edges if (edge.target, edge.input) != (node, name))
    edited = replace(graph, nodes={**graph.nodes, node: changed}, edges=edges)
    return replace(workflow, graphs={**workflow.graphs, workflow.root: edited})
