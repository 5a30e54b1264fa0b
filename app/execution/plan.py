"""Which nodes run, in which order, and which come from the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.execution.cache import ResultCache
from app.execution.files import Folders
from app.execution.result import NodeResult
from app.graph.catalog import Catalog
from app.graph.check import outputs
from app.graph.fingerprint import fingerprints, values_of
from app.graph.resolve import Link, Links, ancestors, links_of, ordered
from app.graph.spec import NodeSpec
from app.graph.workflow import Graph, Workflow


@dataclass(frozen=True)
class PlannedNode:
    """A node that may run: where its inputs come from and the key its result is stored under."""

    id: str
    spec: NodeSpec
    values: Mapping[str, Any]
    links: Mapping[str, tuple[Link, ...]]
    key: str

    def sources(self, *, lazy: bool) -> Iterator[str]:
        """Name the nodes behind its lazy inputs, or behind all others."""
        for name, links in self.links.items():
            entry = self.spec.input(name)
            if (entry is not None and entry.lazy) == lazy:
                yield from (link.node for link in links)


@dataclass(frozen=True)
class Plan:
    """What a run will do, as far as it is known before it starts.

    Attributes:
        nodes: All nodes that the targets may need, sources before users.
        targets: The nodes asked for.
        order: The nodes that will run; what hides behind lazy inputs comes on top when it is asked for.
        reused: Results that are there already; what feeds only those is not needed.
    """

    nodes: Mapping[str, PlannedNode]
    targets: tuple[str, ...]
    order: tuple[str, ...]
    reused: Mapping[str, NodeResult]


def make_plan(
    workflow: Workflow, catalog: Catalog, cache: ResultCache, folders: Folders, targets: Iterable[str] = ()
) -> Plan:
    """Plan a checked document. Without `targets`, every output node of the document is one."""
    graph = workflow.graph
    links = links_of(graph, catalog)
    wanted = tuple(targets) or tuple(outputs(graph, catalog))
    order, _ = ordered(links, ancestors(links, wanted))
    keys = fingerprints(order, graph, links, catalog, folders.state)
    nodes = {id: planned(id, graph, links, catalog, keys[id]) for id in order}
    reused: dict[str, NodeResult] = {}
    needed = set(wanted)
    for id in reversed(order):
        if id in needed:
            result = reusable(nodes[id], cache, folders)
            if result is None:
                needed.update(nodes[id].sources(lazy=False))
            else:
                reused[id] = result
    runs = tuple(id for id in order if id in needed and id not in reused)
    return Plan(nodes, wanted, runs, dict(reversed(reused.items())))


def planned(id: str, graph: Graph, links: Links, catalog: Catalog, key: str) -> PlannedNode:
    spec = catalog.get(graph.nodes[id].type)
    assert spec is not None, f"{id} passed the check without a known type"
    sources = {name: tuple(given) for name, given in links[id].items()}
    return PlannedNode(id, spec, values_of(graph.nodes[id], spec, links[id]), sources, key)


def reusable(node: PlannedNode, cache: ResultCache, folders: Folders) -> NodeResult | None:
    """Return the node's stored result, if the pictures that it stands for are still on disk."""
    result = cache.get(node.key, node.spec)
    if result is None or not all(
        (folders.by_name(file.folder) / file.name).is_file() for file in result.files
    ):
        return None
    return result
