"""Which nodes run, in which order, and which come from the cache."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.execution.cache import ResultCache
from app.execution.files import Folders
from app.execution.result import NodeResult
from app.graph.catalog import Catalog
from app.graph.check import targeted
from app.graph.fingerprint import fingerprint, values_of
from app.graph.flatten import flatten
from app.graph.resolve import Links, ancestors, links_of, ordered
from app.graph.spec import NodeSpec
from app.graph.workflow import Graph, Link, NodeInstance, Workflow


@dataclass(frozen=True)
class PlannedNode:
    """A node that may run: where its inputs come from and the key its result is stored under.

    Attributes:
        shown: The node of the document that stands for it; itself unless an expansion brought it.
        maker: The node whose expansion brought it; empty for one of the document.
        rank: How many nodes were planned before it.
        users: The planned nodes that have a link to it.
    """

    id: str
    instance: NodeInstance
    spec: NodeSpec
    values: Mapping[str, Any]
    links: Mapping[str, tuple[Link, ...]]
    key: str
    shown: str
    maker: str
    rank: int
    users: list[str] = field(default_factory=list, compare=False)

    def sources(self, *, lazy: bool) -> Iterator[str]:
        """Name the nodes behind its lazy inputs, or behind all others."""
        for name, links in self.links.items():
            entry = self.spec.input(name)
            if (entry is not None and entry.lazy) == lazy:
                yield from (link.node for link in links)


@dataclass(frozen=True)
class Brought:
    """Where a node of an expansion comes from; `key` stands for it in the content keys of its values."""

    shown: str
    maker: str
    key: str


class Nodes(dict[str, PlannedNode]):
    """The planned nodes of a run by id; others may refer to them weakly, unlike to a plain dict."""


@dataclass(frozen=True)
class Planner:
    """Plans nodes, each once, sources before users. A run may bring more nodes than its document has.

    Attributes:
        graph: The document's graph; `links` are those of its nodes.
        nodes: What is planned so far.
    """

    graph: Graph
    links: Links
    catalog: Catalog
    folders: Folders
    nodes: Nodes = field(default_factory=Nodes)

    def add(
        self, id: str, instance: NodeInstance, links: Mapping[str, list[Link]], brought: Brought | None = None
    ) -> None:
        """Plan one node."""
        brought = brought or Brought(id, "", "")
        spec = self.catalog.get(instance.type)
        assert spec is not None, f"{id} passed the check without a known type"
        spec = spec.covering(links, instance.values)
        key = fingerprint(instance, spec, links, self.key, self.folders.state, brought.key)
        sources = {name: tuple(given) for name, given in links.items()}
        values = values_of(instance, spec, links)
        self.nodes[id] = PlannedNode(
            id, instance, spec, values, sources, key, brought.shown, brought.maker, len(self.nodes)
        )
        for source in {link.node for given in links.values() for link in given}:
            self.nodes[source].users.append(id)

    def key(self, id: str) -> str:
        return self.nodes[id].key


@dataclass(frozen=True)
class Plan:
    """What a run will do, as far as it is known before it starts.

    Attributes:
        planner: Holds all nodes that the targets may need, and takes more.
        targets: The nodes asked for.
        order: The nodes that will run; what hides behind lazy inputs or in expansions comes on top.
        reused: Results that are there already; what feeds only those is not needed.
    """

    planner: Planner
    targets: tuple[str, ...]
    order: tuple[str, ...]
    reused: Mapping[str, NodeResult]

    @property
    def nodes(self) -> Mapping[str, PlannedNode]:
        return self.planner.nodes


def make_plan(
    workflow: Workflow, catalog: Catalog, cache: ResultCache, folders: Folders, targets: Iterable[str] = ()
) -> Plan:
    """Plan a checked document. Without `targets`, every output node of the document is one."""
    flat = flatten(workflow)
    graph = flat.graph
    links = links_of(graph, catalog)
    wanted = tuple(targeted(flat, catalog, tuple(targets)))
    order, _ = ordered(links, ancestors(links, wanted))
    planner = Planner(graph, links, catalog, folders)
    for id in order:
        planner.add(id, graph.nodes[id], links[id])
    reused: dict[str, NodeResult] = {}
    needed = set(wanted)
    for id in reversed(order):
        if id in needed:
            result = reusable(planner.nodes[id], cache, folders)
            if result is None:
                needed.update(planner.nodes[id].sources(lazy=False))
            else:
                reused[id] = result
    runs = tuple(id for id in order if id in needed and id not in reused)
    return Plan(planner, wanted, runs, dict(reversed(reused.items())))


def reusable(node: PlannedNode, cache: ResultCache, folders: Folders) -> NodeResult | None:
    """Return the node's stored result, if the pictures that it stands for are still on disk."""
    result = cache.get(node.key, node.spec)
    if result is None or not all(
        (folders.by_name(file.folder) / file.name).is_file() for file in result.files
    ):
        return None
    return result
