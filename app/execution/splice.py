"""Take the nodes of an expansion into the plan of a running job, checked like those of a document."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from app.execution.calls import NodeFailed
from app.execution.plan import Brought, PlannedNode, Planner
from app.graph.check import Checker
from app.graph.expansion import Expansion
from app.graph.problem import Problem
from app.graph.resolve import Links, follow, incoming_of, links_of, ordered
from app.graph.workflow import Edge, Graph, Link, NodeInstance

FAULT = "Report it to the author of the node."


@dataclass
class Splicer:
    """Extends the plan of one job. The cost of an expansion is linear in its nodes and edges."""

    planner: Planner

    @cached_property
    def incoming(self) -> Mapping[str, list[Edge]]:
        return incoming_of(self.planner.graph)

    def splice(self, node: PlannedNode, call: int, expansion: Expansion) -> list[str]:
        """Plan what the `call`-th call of `node` returned; returns the new ids, raises NodeFailed."""
        part = Part(node, expansion)
        taken = [id for id in expansion.nodes if id in self.planner.nodes or id in self.planner.graph.nodes]
        if taken:
            part.fail("taken_id", f"the id '{taken[0]}' of its expansion is taken", FAULT)
        off = [id for id, entry in expansion.nodes.items() if entry.mode != "on"]
        if off:
            part.fail("bad_expansion", f"'{off[0]}' of its expansion is not on", FAULT)
        edges = [edge for edge in map(self.settled, expansion.edges) if edge is not None]
        for edge in edges:
            if edge.target not in expansion.nodes:
                part.fail("bad_expansion", f"its expansion has an edge into '{edge.target}'", FAULT)
        ends = [link for value in expansion.outputs.values() for link in links_in(value)]
        self.take_document_nodes(part, [edge.source for edge in edges] + [link.node for link in ends])
        part.edges += edges
        self.judge(part, ends)
        self.plan(part, f"{node.key}/{call}")
        return list(expansion.nodes)

    def settled(self, edge: Edge) -> Edge | None:
        """Move the start of an edge past bypassed nodes of the document; None behind a muted one."""
        if edge.source in self.planner.nodes or edge.source not in self.planner.graph.nodes:
            return edge
        link = follow(Link(edge.source, edge.output), self.planner.graph, self.incoming, self.planner.catalog)
        return replace(edge, source=link.node, output=link.output) if link else None

    def take_document_nodes(self, part: Part, sources: Iterable[str]) -> None:
        """Add nodes of the document that no target needed, and mark where the new part meets the old one."""
        waiting = list(sources)
        while waiting:
            id = waiting.pop()
            if id in part.nodes or id in part.known:
                continue
            if id in self.planner.nodes:
                part.known[id] = self.planner.nodes[id].instance
            elif id in self.planner.links:
                part.nodes[id] = self.planner.graph.nodes[id]
                part.edges += edges_into(id, self.planner.links)
                waiting += [link.node for given in self.planner.links[id].values() for link in given]

    def judge(self, part: Part, ends: Iterable[Link]) -> None:
        """Refuse what `check` would refuse in a document, in the name of the node that expanded."""
        graph, catalog = part.graph, self.planner.catalog
        checker = Checker(graph, catalog, self.planner.folders.choices, part.nodes)
        for problem in (*checker.unknown_nodes(), *checker.edges(), *checker.values()):
            serious = problem.severity == "error" and problem.node not in part.known
            if serious and not self.left_to_node(part, problem):
                part.fail(problem.code, f"in its expansion, {problem.message.rstrip('.')}", problem.remedy)
        for link in ends:
            spec = catalog.get(graph.nodes[link.node].type) if link.node in graph.nodes else None
            if spec is None or spec.output(link.output) is None:
                part.fail("bad_expansion", f"its expansion has no '{link.output}' of '{link.node}'", FAULT)

    def left_to_node(self, part: Part, problem: Problem) -> bool:
        """Whether it is about a type, and the node looks at what it gets itself."""
        node = part.nodes.get(problem.node or "")
        spec = self.planner.catalog.get(node.type) if node else None
        return problem.code == "wrong_type" and spec is not None and spec.checks_itself

    def plan(self, part: Part, key: str) -> None:
        links = links_of(part.graph, self.planner.catalog)
        order, stuck = ordered(links, part.nodes.keys() & links.keys())
        if stuck:
            names = ", ".join(sorted(stuck)[:5])
            part.fail("cycle", f"its expansion goes in a circle: {names}", FAULT)
        for id in order:
            brought = Brought(part.shown(id, self.planner), part.node.id, f"{key}/{id}")
            new = id in part.expansion.nodes
            self.planner.add(id, part.nodes[id], links[id], brought if new else None)


@dataclass
class Part:
    """What one expansion brings: new `nodes`, and those `known` before that it has edges from."""

    node: PlannedNode
    expansion: Expansion
    nodes: dict[str, NodeInstance] = field(init=False)
    known: dict[str, NodeInstance] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.nodes = dict(self.expansion.nodes)

    @property
    def graph(self) -> Graph:
        return Graph({**self.known, **self.nodes}, tuple(self.edges))

    def shown(self, id: str, planner: Planner) -> str:
        stands_for = self.expansion.shown_as.get(id, self.node.id)
        return planner.nodes[stands_for].shown if stands_for in planner.nodes else self.node.shown

    def fail(self, code: str, message: str, remedy: str) -> None:
        shown = self.node.shown
        raise NodeFailed(Problem(code, f"{shown}: {message}.", remedy, shown))


def links_in(value: object) -> Iterator[Link]:
    """Find the links in what an expansion says of one output."""
    yield from (entry for entry in (value if isinstance(value, list) else [value]) if isinstance(entry, Link))


def edges_into(id: str, links: Links) -> list[Edge]:
    return [Edge(link.node, link.output, id, name) for name, given in links[id].items() for link in given]
