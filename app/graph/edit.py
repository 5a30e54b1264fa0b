"""Changes to a document from outside the canvas."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from app.graph.catalog import Catalog
from app.graph.frames import INSTANCE
from app.graph.instances import instance_specs, spec_of
from app.graph.problem import listed
from app.graph.values import parse
from app.graph.workflow import Graph, NodeInstance, Workflow


class NoSuchInput(Exception):
    """The change names a node or input that is not there."""


def set_value(workflow: Workflow, node: str, name: str, word: str, catalog: Catalog) -> Workflow:
    """Return the document with one value set from a command-line word, and the edge into that input removed.

    `node` may be inside an instance, as `instance/inner`: other instances of the same graph stay as they are.
    Raises NoSuchInput for an unknown place and BadValue for a value that does not fit.
    """
    workflow, graph_id, id = inside(workflow, node)
    graph = workflow.graphs[graph_id]
    spec = spec_of(graph.nodes[id].type, catalog, instance_specs(workflow, catalog))
    settable = [entry for entry in spec.inputs if not entry.port] if spec else []
    entry = next((entry for entry in settable if entry.name == name), None)
    if entry is None:
        raise NoSuchInput(
            f"node '{node}' has no value '{name}'; it has {listed(item.name for item in settable)}."
        )
    changed = replace(graph.nodes[id], values={**graph.nodes[id].values, name: parse(entry, word)})
    edges = tuple(edge for edge in graph.edges if (edge.target, edge.input) != (id, name))
    return with_graph(workflow, graph_id, replace(with_node(graph, id, changed), edges=edges))


def inside(workflow: Workflow, path: str) -> tuple[Workflow, str, str]:
    """Find the graph and the node that a path names; a graph that others share on the way is copied first."""
    graph_id, rest = workflow.root, path
    while rest not in workflow.graphs[graph_id].nodes:
        graph = workflow.graphs[graph_id]
        instance = next((id for id in instances_of(graph, workflow) if rest.startswith(f"{id}/")), None)
        if instance is None:
            raise NoSuchInput(f"there is no node '{path}'; the document has {listed(graph.nodes)}.")
        workflow, inner = own_graph(workflow, graph_id, instance)
        graph_id, rest = inner, rest.removeprefix(f"{instance}/")
    return workflow, graph_id, rest


def instances_of(graph: Graph, workflow: Workflow) -> Iterator[str]:
    for id, node in graph.nodes.items():
        if node.type.startswith(INSTANCE) and node.type.removeprefix(INSTANCE) in workflow.graphs:
            yield id


def own_graph(workflow: Workflow, graph_id: str, instance: str) -> tuple[Workflow, str]:
    """Return the document with a graph for this instance alone, and the id of that graph."""
    node = workflow.graphs[graph_id].nodes[instance]
    types = [other.type for graph in workflow.graphs.values() for other in graph.nodes.values()]
    inner = node.type.removeprefix(INSTANCE)
    if types.count(node.type) == 1 and inner != workflow.root:
        return workflow, inner
    number = next(n for n in range(2, len(workflow.graphs) + 3) if f"{inner}#{n}" not in workflow.graphs)
    copy = f"{inner}#{number}"
    changed = with_node(workflow.graphs[graph_id], instance, replace(node, type=INSTANCE + copy))
    workflow = with_graph(workflow, copy, workflow.graphs[inner])
    return with_graph(workflow, graph_id, changed), copy


def with_node(graph: Graph, id: str, node: NodeInstance) -> Graph:
    return replace(graph, nodes={**graph.nodes, id: node})


def with_graph(workflow: Workflow, id: str, graph: Graph) -> Workflow:
    return replace(workflow, graphs={**workflow.graphs, id: graph})
