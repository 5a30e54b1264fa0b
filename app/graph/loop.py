"""Loops as expansions: the nodes between the start and the end of a loop are copied for each further round.

A node belongs to the loop when it needs the start and the end needs it, or when it has a side effect, needs
the start and does not need the end. The first round are the drawn nodes. The cost is linear in the copies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from app.graph.expansion import Running, RunningNode
from app.graph.problem import Refusal
from app.graph.workflow import Edge, Link, NodeInstance

VALUES = ("value", "second", "third")  # what goes from round to round: inputs and outputs of start and end


@dataclass(frozen=True)
class Loop:
    """What the start of a loop tells its end: the number of the round."""

    round: int


@dataclass(frozen=True)
class Round:
    """The drawn loop, or one copy of it: the ids of its nodes by those of the drawn ones."""

    ids: Mapping[str, str]

    def link(self, link: Link) -> Link:
        return replace(link, node=self.ids.get(link.node, link.node))


class Drawn:
    """A loop as it stands in the running graph, seen from its end."""

    def __init__(self, context: Running) -> None:
        self.running = context.running
        self.end = self.running[context.id]
        self.start = self.running[self.end.links["loop"][0].node]
        if self.start.spec.output("loop") is None:
            raise Refusal(
                "loop comes from a node that starts no loop.", "Connect Repeat start.", input="loop"
            )
        self.names = [name for name in VALUES if name in self.start.links or name in self.end.links]
        self.body = [self.start.id, *between(self.running, self.start, self.end)]

    def fed_back(self, name: str, at: Round) -> list[Link]:
        """Return what a round hands to the next one; without an edge into the end a value stays as it was."""
        return [at.link(link) for link in self.end.links.get(name, (Link(self.start.id, name),))]

    def last(self, at: Round) -> dict[str, list[Link]]:
        """Return what the loop hands on when it ends after a round."""
        return {name: self.fed_back(name, at) for name in VALUES}

    def first(self) -> Round:
        return Round({id: id for id in self.body})

    def copy(self, before: Round, prefix: str, number: int) -> Copy:
        """Copy the loop without its end for a round after another one."""
        now = Round({id: prefix + local(id, self.end.id) for id in self.body})
        nodes = {new: self.running[id].instance for id, new in now.ids.items()}
        start = now.ids[self.start.id]
        nodes[start] = with_values(nodes[start], first_round=number)
        edges = [edge for id in self.body if id != self.start.id for edge in self.edges_into(id, now)]
        edges += [
            Edge(link.node, link.output, start, name)
            for name in self.names
            for link in self.fed_back(name, before)
        ]
        return Copy(now, nodes, edges, {new: id for id, new in now.ids.items()})

    def copy_with_end(self, prefix: str, number: int, **values: Any) -> tuple[str, Copy]:
        """Copy the loop for the next round with its end, `values` set on it; also returns its id."""
        copy = self.copy(self.first(), prefix, number)
        end = prefix + local(self.end.id, self.end.id)
        now = Round({**copy.round.ids, self.end.id: end})
        edges = [edge for edge in self.edges_into(self.end.id, now) if edge.input not in values]
        nodes = {**copy.nodes, end: with_values(self.end.instance, **values)}
        return end, Copy(now, nodes, [*copy.edges, *edges], {**copy.shown_as, end: self.end.id})

    def edges_into(self, id: str, at: Round) -> Iterator[Edge]:
        for name, links in self.running[id].links.items():
            for link in links:
                yield Edge(at.link(link).node, link.output, at.ids[id], name)


@dataclass(frozen=True)
class Copy:
    """The nodes and edges of one more round."""

    round: Round
    nodes: Mapping[str, NodeInstance]
    edges: Sequence[Edge]
    shown_as: Mapping[str, str]


def between(running: Mapping[str, RunningNode], start: RunningNode, end: RunningNode) -> list[str]:
    """Return the nodes of a loop without its start and end, sources before users."""
    inside = reach([start.id], lambda id: users(running, id, end), {end.id})
    ends = [id for id in inside if running[id].spec.output_node]
    if ends:
        last = max(running[id].rank for id in ends)
        after = reach([end.id], lambda id: (user for user in running[id].users if running[user].rank <= last))
        inside -= after
    wanted = [end.id, *(id for id in ends if id in inside)]
    needed = reach(wanted, lambda id: (source for source in sources(running[id]) if source in inside))
    found = (needed | set(wanted)) - {end.id}
    return sorted(found, key=lambda id: running[id].rank)


def users(running: Mapping[str, RunningNode], id: str, end: RunningNode) -> Iterable[str]:
    """Return the users of a node that stand in the same graph as the end: not what an expansion brought."""
    return (user for user in running[id].users if running[user].maker == end.maker)


def sources(node: RunningNode) -> Iterable[str]:
    return (link.node for links in node.links.values() for link in links)


def reach(ids: Iterable[str], step: Callable[[str], Iterable[str]], stop: Iterable[str] = ()) -> set[str]:
    """Return all that is reached from `ids`, without going through `stop`."""
    waiting, closed, found = list(ids), set(stop), set()
    while waiting:
        for id in step(waiting.pop()):
            if id not in found and id not in closed:
                found.add(id)
                waiting.append(id)
    return found


def local(id: str, end: str) -> str:
    """Return a node's id without the way through instances and loops that it shares with the end's."""
    around = end.rpartition("/")[0]
    return id.removeprefix(f"{around}/") if around else id


def with_values(node: NodeInstance, **values: Any) -> NodeInstance:
    return replace(node, values={**node.values, **values})
