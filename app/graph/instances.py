"""What a node that stands for a graph looks like: its schema, made from the graph's interface."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.graph.catalog import Catalog
from app.graph.frames import INSTANCE
from app.graph.resolve import ordered
from app.graph.spec import Input, NodeSpec, Output
from app.graph.workflow import Graph, Interface, InterfaceInput, Link, Workflow


def instance_specs(workflow: Workflow, catalog: Catalog) -> dict[str, NodeSpec]:
    """Return the schema of each graph with an interface, by graph id; one inside itself has none."""
    used = {id: {"": graphs_in(graph, workflow)} for id, graph in workflow.graphs.items()}
    specs: dict[str, NodeSpec] = {}
    for id in ordered(used, set(used))[0]:
        interface = workflow.graphs[id].interface
        if interface is not None:
            specs[id] = instance_spec(id, workflow.graphs[id], interface, catalog, specs)
    return specs


def graphs_in(graph: Graph, workflow: Workflow) -> list[Link]:
    names = (
        node.type.removeprefix(INSTANCE) for node in graph.nodes.values() if node.type.startswith(INSTANCE)
    )
    return [Link(name, "") for name in names if name in workflow.graphs]


def instance_spec(
    id: str, graph: Graph, interface: Interface, catalog: Catalog, specs: dict[str, NodeSpec]
) -> NodeSpec:
    """Return one schema; `specs` has those of the graphs that this one uses."""
    return NodeSpec(
        id=INSTANCE + id,
        title=str(graph.extra.get("title") or id),
        category="graphs",
        description=str(graph.extra.get("description") or ""),
        references=(),
        inputs=tuple(input_of(port, graph, catalog, specs) for port in interface.inputs),
        outputs=tuple(Output(port.name, port.type) for port in interface.outputs),
        version="",
    )


def input_of(port: InterfaceInput, graph: Graph, catalog: Catalog, specs: dict[str, NodeSpec]) -> Input:
    """Return an input as the first inner one that it leads to, with the value set there as its default."""
    for node, name in port.to:
        instance = graph.nodes.get(node)
        spec = spec_of(instance.type, catalog, specs) if instance else None
        inner = spec.input(name) if spec else None
        if instance is not None and inner is not None:
            default: Any = inner.default if inner.port else instance.values.get(name, inner.default)
            return replace(
                inner, name=port.name, type=port.type if inner.type != "choice" else "choice", default=default
            )
    return Input(port.name, port.type, "")


def spec_of(type: str, catalog: Catalog, specs: dict[str, NodeSpec]) -> NodeSpec | None:
    """Return the schema of a node type, graphs included."""
    return specs.get(type.removeprefix(INSTANCE)) if type.startswith(INSTANCE) else catalog.get(type)
