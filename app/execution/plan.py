"""Which nodes run, in which order, and which come from the cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.execution.cache import NodeResult, ResultCache
from app.execution.files import Folders
from app.graph.catalog import Catalog
from app.graph.check import outputs
from app.graph.fingerprint import fingerprints, values_of
from app.graph.resolve import Link, Links, ancestors, links_of, ordered
from app.graph.spec import NodeSpec
from app.graph.workflow import Graph, Workflow


@dataclass(frozen=True)
class PlannedNode:
    """A node that will run: where its inputs come from and the key its result is stored under."""

    id: str
    spec: NodeSpec
    values: Mapping[str, Any]
    links: Mapping[str, tuple[Link, ...]]
    key: str


@dataclass(frozen=True)
class Plan:
    """Nodes to run in order, and the results that are there already."""

    order: tuple[PlannedNode, ...]
    reused: Mapping[str, NodeResult]


def make_plan(
    workflow: Workflow, catalog: Catalog, cache: ResultCache, folders: Folders, targets: Iterable[str] = ()
) -> Plan:
    """Plan a checked document. Without `targets`, every output node of the document is one.

    What feeds a reused node is not needed and does not appear in the plan.
    """
    graph = workflow.graph
    links = links_of(graph, catalog)
    wanted = list(targets) or outputs(graph, catalog)
    order, _ = ordered(links, ancestors(links, wanted))
    keys = fingerprints(order, graph, links, catalog, folders.state)
    reused: dict[str, NodeResult] = {}
    needed = set(wanted)
    for id in reversed(order):
        if id not in needed:
            continue
        result = cache.get(keys[id])
        if result is not None and files_exist(result, folders):
            reused[id] = result
        else:
            needed.update(link.node for sources in links[id].values() for link in sources)
    to_run = [planned(id, graph, links, catalog, keys[id]) for id in order if id in needed - reused.keys()]
    return Plan(tuple(to_run), dict(reversed(reused.items())))


def planned(id: str, graph: Graph, links: Links, catalog: Catalog, key: str) -> PlannedNode:
    spec = catalog.get(graph.nodes[id].type)
    assert spec is not None, f"{id} passed the check without a known type"
    sources = {name: tuple(given) for name, given in links[id].items()}
    return PlannedNode(id, spec, values_of(graph.nodes[id], spec, links[id]), sources, key)


def files_exist(result: NodeResult, folders: Folders) -> bool:
    """Whether the pictures that the result stands for are still on disk."""
    return all((folders.by_name(file.folder) / file.name).is_file() for file in result.files)
