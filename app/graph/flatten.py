"""A document with graphs inside graphs becomes the one graph that runs: `instance/inner` are its node ids.

Check, plan and executor see only this graph. No walk recurses, and the cost is linear in the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

from app.graph.frames import INSTANCE, Frame, Opening
from app.graph.problem import Problem
from app.graph.workflow import Edge, Graph, NodeInstance, Workflow


@dataclass(frozen=True)
class Door:
    """An input of an instance, as the way to an input inside it."""

    instance: str
    input: str
    type: str


@dataclass(frozen=True)
class Flat:
    """The graph that runs.

    Attributes:
        problems: What is wrong with the instances, with the ids that they have in the run.
        doors: For each (node, input) that gets what it has, or lacks, from an instance around it: the inputs
            of instances on the way, that instance first.
        opened: The root graph and the inside of each instance.
    """

    graph: Graph
    problems: tuple[Problem, ...] = ()
    doors: Mapping[tuple[str, str], tuple[Door, ...]] = field(default_factory=dict)
    opened: tuple[Frame, ...] = ()

    def has(self, id: str) -> bool:
        """Whether the run has a node or an instance of this id."""
        return id in self.graph.nodes or self.instance(id) is not None

    def instance(self, id: str) -> Frame | None:
        """Return the inside of an instance; None when there is none of that id."""
        return next((frame for frame in self.opened if frame.outer and frame.id == id), None)


def flatten(workflow: Workflow) -> Flat:
    """Return the graph of a document that runs; an instance that cannot be opened stays as a node."""
    if not any(node.type.startswith(INSTANCE) for node in workflow.graph.nodes.values()):
        return Flat(workflow.graph)
    opening = Opening(workflow)
    nodes: dict[str, NodeInstance] = {}
    edges: list[Edge] = []
    doors: dict[tuple[str, str], tuple[Door, ...]] = {}
    problems = list(opening.problems)
    for frame in opening.frames:
        problems += faults(frame, nodes)
        nodes.update(inner_nodes(frame))
        edges += inner_edges(frame)
        doors.update(inner_doors(frame))
    graph = Graph(nodes, tuple(edges), workflow.graph.extra) if opening.frames else workflow.graph
    return Flat(graph, tuple(problems), doors, tuple(opening.frames))


def inner_nodes(frame: Frame) -> Iterator[tuple[str, NodeInstance]]:
    for id, node in frame.definition.graph.nodes.items():
        if id not in frame.children:
            mode = node.mode if frame.mode == "on" else "mute"
            yield frame.path(id), replace(node, mode=mode, values=frame.promoted(id, node))


def inner_edges(frame: Frame) -> Iterator[Edge]:
    """Return the edges into the nodes of a level, each from the node that really makes the value."""
    places = dict.fromkeys((edge.target, edge.input) for edge in frame.definition.graph.edges)
    if frame.outer:
        places.update(dict.fromkeys(frame.definition.entries))
    for node, input in places:
        if node in frame.children:
            continue
        for holder, edge in frame.feeders(node, input):
            link = holder.source(edge.source, edge.output)
            if link is not None:
                yield Edge(link.node, link.output, frame.path(node), input)


def inner_doors(frame: Frame) -> Iterator[tuple[tuple[str, str], tuple[Door, ...]]]:
    for node, inputs in frame.promotable.items():
        for input in inputs if node not in frame.children else ():
            doors = way_in(frame, node, input)
            if doors:
                yield (frame.path(node), input), doors


def way_in(frame: Frame, node: str, input: str) -> tuple[Door, ...]:
    """Return the doors between an input and the instance that gives it an edge or a value, that one first."""
    doors: list[Door] = []
    given = 1 if input in frame.definition.graph.nodes[node].values else 0
    levels = list(frame.levels(node, input))
    for depth, ((inside, inner), (holder, outer)) in enumerate(pairwise(levels), start=1):
        port = inside.definition.interface.input(outer[1])
        assert port is not None, f"{inner} is led to by no input"
        doors.insert(0, Door(holder.path(outer[0]), port.name, port.type))
        if outer[1] in holder.definition.graph.nodes[outer[0]].values:
            given = depth + 1
        if outer in holder.definition.incoming:
            return tuple(doors)
    return tuple(doors) if given == 0 else tuple(doors[len(doors) + 1 - given :])


def faults(frame: Frame, taken: Mapping[str, NodeInstance]) -> Iterator[Problem]:
    """Find edges and values of instances that their interface does not know, and ids that meet."""
    graph = frame.definition.graph
    for edge in graph.edges:
        target, source = frame.children.get(edge.target), frame.children.get(edge.source)
        if target and edge.input not in target.inputs:
            yield lacking(target.id, "input", edge.input, target.inputs)
        if source and edge.output not in source.outputs:
            yield lacking(source.id, "output", edge.output, source.outputs)
    for id, child in frame.children.items():
        if graph.nodes[id].time_limit is not None:
            message = f"{child.id}: a node that stands for a graph has no time limit of its own."
            yield Problem("bad_time_limit", message, "Set it on nodes inside.", child.id)
        for name in graph.nodes[id].values.keys() - set(child.inputs):
            yield replace(lacking(child.id, "input", name, child.inputs), severity="warning")
    for path in map(frame.path, graph.nodes if frame.outer else ()):
        if path in taken:
            message = f"{frame.id}: a node inside has the id of another node, '{path}'."
            yield Problem("taken_id", message, f"Rename the node '{path}'.", frame.id)


def lacking(instance: str, side: str, name: str, known: Iterable[str]) -> Problem:
    remedy = f"Its {side}s are {', '.join(known) or 'none'}."
    return Problem(f"unknown_{side}", f"{instance} has no {side} '{name}'.", remedy, instance, name)


def exits(instance: Frame) -> set[str]:
    """Return the nodes that make the outputs of an instance."""
    assert instance.outer is not None, "the root graph has no outputs"
    ports = instance.definition.interface.outputs
    ends = (instance.outer.source(instance.node, port.name) for port in ports)
    return {end.node for end in ends if end is not None}


def located(problem: Problem, flat: Flat) -> Problem:
    """Move a finding about what an instance gives to that instance."""
    way = flat.doors.get((problem.node or "", problem.input or ""))
    if not way:
        return problem
    words, name = f"{problem.node}: {problem.input} ", f"{way[0].instance}: {way[0].input} "
    rest = problem.message.removeprefix(words)
    message = name + rest if rest != problem.message else problem.message
    return replace(problem, message=message, node=way[0].instance, input=way[0].input)
