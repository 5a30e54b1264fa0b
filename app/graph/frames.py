"""The levels of a document: its root graph, and the inside of every node that stands for a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from app.graph.problem import Problem
from app.graph.resolve import on_circle, ordered
from app.graph.workflow import Edge, Graph, Interface, Link, Mode, NodeInstance, Workflow

INSTANCE = "graph:"
MOST_NODES = 100_000
Place = tuple[str, str]  # a node of a graph, and one of its inputs


@dataclass(frozen=True)
class Definition:
    """One graph of a document, with its edges and interface by the inputs they lead to."""

    graph: Graph

    @property
    def interface(self) -> Interface:
        return self.graph.interface or Interface()

    @cached_property
    def incoming(self) -> Mapping[Place, list[Edge]]:
        found: dict[Place, list[Edge]] = {}
        for edge in self.graph.edges:
            found.setdefault((edge.target, edge.input), []).append(edge)
        return found

    @cached_property
    def entries(self) -> Mapping[Place, str]:
        """For each inner input that the interface leads to: the name it has there."""
        return {end: port.name for port in reversed(self.interface.inputs) for end in port.to}

    @cached_property
    def fault(self) -> str:
        """What is wrong with the interface, in words; empty when nothing is."""
        for ports in (self.interface.inputs, self.interface.outputs):
            name, count = Counter(port.name for port in ports).most_common(1)[0] if ports else ("", 0)
            if count > 1:
                return f"has two ports '{name}'"
        ends = [node for port in self.interface.inputs for node, _ in port.to]
        ends += [port.source.node for port in self.interface.outputs]
        missing = next((node for node in ends if node not in self.graph.nodes), None)
        return "" if missing is None else f"leads to a node '{missing}', which is missing"


@dataclass
class Frame:
    """One level. `id` is that of the instance in the run, `node` the one it has in the `outer` graph."""

    definition: Definition
    id: str = ""
    node: str = ""
    mode: Mode = "on"
    outer: Frame | None = None
    children: dict[str, Frame] = field(default_factory=dict)

    @cached_property
    def inputs(self) -> Mapping[str, str]:
        """The inputs of the instance, with their types."""
        return {port.name: port.type for port in self.definition.interface.inputs}

    @cached_property
    def outputs(self) -> Mapping[str, str]:
        """The outputs of the instance, with their types."""
        return {port.name: port.type for port in self.definition.interface.outputs}

    def path(self, node: str) -> str:
        return f"{self.id}/{node}" if self.outer else node

    def feeders(self, node: str, input: str) -> Iterator[tuple[Frame, Edge]]:
        """Walk the edges that lead to an input: those of this level, then those into the instance around."""
        for frame, name in self.levels(node, input):
            for edge in frame.definition.incoming.get(name, ()):
                yield frame, edge

    def levels(self, node: str, input: str) -> Iterator[tuple[Frame, Place]]:
        """Name an input on this level and, as far as interfaces lead out, on the levels around."""
        frame, place = self, (node, input)
        while True:
            yield frame, place
            name = frame.definition.entries.get(place)
            if name is None or frame.outer is None:
                return
            frame, place = frame.outer, (frame.node, name)

    def source(self, node: str, output: str) -> Link | None:
        """Find the node of the run that makes an output; None behind a muted or empty bypassed instance."""
        frame = self
        passed = set()
        while (child := frame.children.get(node)) is not None:
            port = child.definition.interface.output(output)
            if port is None or child.mode == "mute" or (child.id, output) in passed:
                return None
            passed.add((child.id, output))
            if child.mode == "on":
                frame, node, output = child, port.source.node, port.source.output
                continue
            same = (entry.name for entry in child.definition.interface.inputs if entry.type == port.type)
            feeder = next((feeder for name in same for feeder in frame.feeders(node, name)), None)
            if feeder is None:
                return None
            frame, node, output = feeder[0], feeder[1].source, feeder[1].output
        return Link(frame.path(node), output)

    def promoted(self, node: str, instance: NodeInstance) -> Mapping[str, Any]:
        """Return a node's values with those set on the instances around it; the outermost counts."""
        values = dict(instance.values)
        for name in self.promotable.get(node, ()):
            for frame, (holder, input) in self.levels(node, name):
                if input in frame.definition.graph.nodes[holder].values:
                    values[name] = frame.definition.graph.nodes[holder].values[input]
        return values

    @cached_property
    def promotable(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for node, input in self.definition.entries if self.outer else ():
            found.setdefault(node, []).append(input)
        return found


@dataclass
class Opening:
    """Opens the instances of a document, level by level, and collects what is wrong with them."""

    workflow: Workflow
    definitions: dict[str, Definition] = field(init=False)
    frames: list[Frame] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.definitions = {id: Definition(graph) for id, graph in self.workflow.graphs.items()}
        used = {id: {"": list(self.used_by(graph))} for id, graph in self.workflow.graphs.items()}
        self.recursive = on_circle(used)
        if self.size(ordered(used, set(used))[0]) > MOST_NODES:
            message = f"The document has more than {MOST_NODES:,} nodes when its graphs are opened."
            self.problems.append(Problem("too_large", message, "Use fewer graphs inside graphs."))
        else:
            self.open()

    def used_by(self, graph: Graph) -> Iterator[Link]:
        for node in graph.nodes.values():
            if node.type.startswith(INSTANCE) and node.type[len(INSTANCE) :] in self.definitions:
                yield Link(node.type[len(INSTANCE) :], "")

    def size(self, order: list[str]) -> int:
        """Count the nodes of the run before a single one is made. `order` has used graphs first."""
        sizes: dict[str, int] = {}
        for id in order:
            graph = self.workflow.graphs[id]
            sizes[id] = len(graph.nodes) + sum(sizes[link.node] for link in self.used_by(graph))
        return sizes.get(self.workflow.root, len(self.workflow.graph.nodes))

    def open(self) -> None:
        waiting = [Frame(self.definitions[self.workflow.root])]
        while waiting:
            frame = waiting.pop()
            self.frames.append(frame)
            for id, node in frame.definition.graph.nodes.items():
                if node.type.startswith(INSTANCE) and self.sound(frame, id, node):
                    definition = self.definitions[node.type[len(INSTANCE) :]]
                    mode = "mute" if frame.mode != "on" else node.mode
                    frame.children[id] = Frame(definition, frame.path(id), id, mode, frame)
            waiting += reversed(frame.children.values())

    def sound(self, frame: Frame, id: str, node: NodeInstance) -> bool:
        """Say whether an instance can be opened; tell why not."""
        graph, path = node.type[len(INSTANCE) :], frame.path(id)
        definition = self.definitions.get(graph)
        if definition is None:
            message, code = f"{path}: there is no graph '{graph}' in this document.", "unknown_graph"
            remedy = "Delete the node, or mute it."
        elif graph in self.recursive:
            message, code = f"{path}: the graph '{graph}' contains itself.", "recursive_graph"
            remedy = "Delete the node inside that stands for it."
        elif definition.fault:
            message, code = f"{path}: the interface of graph '{graph}' {definition.fault}.", "bad_interface"
            remedy = f"Open the graph '{graph}' and mend its inputs and outputs."
        else:
            return True
        if node.mode != "mute":
            self.problems.append(Problem(code, message, remedy, path))
        return False
