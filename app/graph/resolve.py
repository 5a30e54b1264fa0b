"""From a drawn graph to what takes part in a run: muted nodes gone, bypassed nodes short-circuited."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping

from app.graph.catalog import Catalog
from app.graph.workflow import Edge, Graph, Link

Links = dict[str, dict[str, list[Link]]]


def links_of(graph: Graph, catalog: Catalog) -> Links:
    """Return, for each node that is on, the sources of its inputs in edge order.

    A bypassed node hands on the link into its first input of the output's type; a muted node has no outputs.
    """
    incoming = incoming_of(graph)
    links: Links = {}
    known: dict[Link, Link | None] = {}
    for id, node in graph.nodes.items():
        if node.mode != "on":
            continue
        links[id] = {}
        for edge in incoming[id]:
            source = follow(Link(edge.source, edge.output), graph, incoming, catalog, known)
            if source is not None:
                links[id].setdefault(edge.input, []).append(source)
    return links


def incoming_of(graph: Graph) -> dict[str, list[Edge]]:
    """Return the edges into each node, in their order; edges from or to nowhere are left out."""
    incoming: dict[str, list[Edge]] = {id: [] for id in graph.nodes}
    for edge in graph.edges:
        if edge.target in incoming and edge.source in graph.nodes:
            incoming[edge.target].append(edge)
    return incoming


def follow(
    link: Link,
    graph: Graph,
    incoming: Mapping[str, list[Edge]],
    catalog: Catalog,
    known: dict[Link, Link | None] | None = None,
) -> Link | None:
    """Walk up through bypassed nodes to the one that makes the value; None when a muted one or none does.

    Ends of walks are kept in `known`, so that no part of a chain is walked twice.
    """
    known = {} if known is None else known
    way: dict[Link, None] = {}
    end: Link | None = link
    while end is not None and end not in known and graph.nodes[end.node].mode != "on":
        way[end] = None
        muted = graph.nodes[end.node].mode == "mute"
        end = None if muted else passed_through(end, graph, incoming, catalog)
        if end in way:
            end = None
    end = known.get(end, end) if end is not None else None
    known.update(dict.fromkeys(way, end))
    return end


def passed_through(
    link: Link, graph: Graph, incoming: Mapping[str, list[Edge]], catalog: Catalog
) -> Link | None:
    spec = catalog.get(graph.nodes[link.node].type)
    output = spec.output(link.output) if spec else None
    if spec is None or output is None:
        return None
    edges = {edge.input: edge for edge in incoming[link.node]}
    for entry in spec.inputs:
        if entry.type == output.type and entry.name in edges:
            return Link(edges[entry.name].source, edges[entry.name].output)
    return None


def ancestors(links: Mapping[str, Mapping[str, Iterable[Link]]], targets: Iterable[str]) -> set[str]:
    """Return the targets and all nodes they need."""
    needed: set[str] = set()
    waiting = deque(targets)
    while waiting:
        id = waiting.popleft()
        if id in needed or id not in links:
            continue
        needed.add(id)
        waiting.extend(link.node for sources in links[id].values() for link in sources)
    return needed


def ordered(links: Links, needed: set[str]) -> tuple[list[str], set[str]]:
    """Sort nodes so that each comes after what it needs; also return those on a cycle or behind one."""
    waiting = {
        id: {link.node for sources in links[id].values() for link in sources} & needed
        for id in links
        if id in needed
    }
    users: dict[str, list[str]] = {id: [] for id in waiting}
    for id, sources in waiting.items():
        for source in sources:
            users[source].append(id)
    ready = deque(id for id, sources in waiting.items() if not sources)
    order = []
    missing = {id: len(sources) for id, sources in waiting.items()}
    while ready:
        id = ready.popleft()
        order.append(id)
        for user in users[id]:
            missing[user] -= 1
            if missing[user] == 0:
                ready.append(user)
    return order, set(waiting) - set(order)


def on_circle(links: Links) -> set[str]:
    """Return the nodes that need their own result; those that only wait for one are not among them."""
    _, waiting = ordered(links, set(links))
    users: Links = {id: {"": []} for id in waiting}
    for id in waiting:
        for link in (link for sources in links[id].values() for link in sources if link.node in waiting):
            users[link.node][""].append(Link(id, ""))
    _, stuck = ordered(users, waiting)  # what nothing on a circle depends on stands behind it, not on it
    return stuck
