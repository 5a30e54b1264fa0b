"""One run of a document: start every node whose inputs are there, and tell everything that happens."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import Future, wait
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from queue import Empty, SimpleQueue
from typing import Any

from app.execution.calls import Elements, NodeFailed, Outcome, elapsed, wanted
from app.execution.context import Caller, NodeContext
from app.execution.deadlines import Deadlines, limit_of
from app.execution.elements import given, joined
from app.execution.events import AssetAdded, NodeFinished, NodeReported, NodeStarted, failed
from app.execution.holds import Holds
from app.execution.machine import Machine
from app.execution.memory import JobMemory
from app.execution.plan import Plan, PlannedNode, reusable
from app.execution.result import NodeResult
from app.execution.splice import Splicer, links_in
from app.graph.loop import reach, sources
from app.graph.problem import Cancelled, Problem
from app.graph.workflow import Workflow


@dataclass
class Returned:
    """What the function of a node returned, and how it went."""

    outcome: Outcome
    context: NodeContext
    started: float
    brought: list[str] = field(default_factory=list)

    def result(self, outputs: Elements) -> NodeResult:
        return NodeResult(outputs, tuple(self.context.files), tuple(self.context.reports))


@dataclass
class RunningJob:
    """The state of one run. Nodes run in lanes; everything else happens on the thread that called `execute`.

    Attributes:
        results: What is done, as long as a node needs it; later it comes from the cache, or runs again.
        waiting: For each node that was asked for and cannot start: the nodes it waits for.
        users: For each node that is not done: those that wait for it.
        ready: Nodes whose inputs are all there.
        running: Nodes in their lanes; those among them that have a time limit are `limited`, too.
        finished: Nodes that came back from their lanes.
        reports: What the nodes that are done reported.
        shown: Nodes that have shown something to the user.
        expanding: Nodes that wait for what their expansions brought, with what they returned.
        unkept: Nodes whose expansions have shown something: the next run expands them anew, to tell it again.
        stopping: Set when the run ends early, so that nodes still at work stop at their next step.
    """

    machine: Machine
    workflow: Workflow
    caller: Caller
    plan: Plan
    results: dict[str, NodeResult] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)
    ready: deque[str] = field(default_factory=deque)
    running: dict[Future[NodeResult | Returned], str] = field(default_factory=dict)
    expanding: dict[str, Returned] = field(default_factory=dict)
    reports: dict[str, tuple[Mapping[str, Any], ...]] = field(default_factory=dict)
    shown: set[str] = field(default_factory=set)
    unkept: set[str] = field(default_factory=set)
    limited: dict[str, PlannedNode] = field(default_factory=dict)
    finished: SimpleQueue[Future[NodeResult | Returned]] = field(default_factory=SimpleQueue)
    stopping: threading.Event = field(default_factory=threading.Event)
    deadlines: Deadlines = field(default_factory=Deadlines)
    begun: float = field(default_factory=time.monotonic)

    def execute(self) -> None:
        """Run until all targets are there; raises what the first failing node raised, or Cancelled."""
        try:
            self.demand(self.plan.targets)
            while self.ready or self.running:
                self.start_ready()
                if self.running:
                    self.take_finished()
            self.refuse_circles()
        except NodeFailed as failure:
            self.stopping.set()
            late = failure.problem.code == "time_limit" and wait(self.running, self.machine.grace).not_done
            if late and self.caller.stuck is not None:
                self.caller.stuck(failed(failure.problem, elapsed(self.begun)))
            raise
        finally:
            self.stopping.set()
            wait(self.running)

    def take_finished(self) -> None:
        """Wait for the next node that comes back from its lane, or for one that is late."""
        try:
            future = self.finished.get(timeout=self.deadlines.patience(self.limited.values()))
        except Empty:
            self.deadlines.enforce(self.limited.values())
            return
        id = self.running.pop(future)
        self.limited.pop(id, None)
        result = future.result()
        if isinstance(result, Returned):
            self.expand(self.plan.nodes[id], result)
        else:
            self.complete(id, result)

    def demand(self, ids: Iterable[str]) -> None:
        """Ask for results: take those that are stored, let the others wait for what they need."""
        stack = list(ids)
        while stack:
            id = stack.pop()
            if id in self.results or id in self.waiting:
                continue
            node = self.plan.nodes[id]
            result = self.plan.reused.get(id) or reusable(node, self.machine.cache, self.machine.folders)
            if result is not None:
                self.replay(id, result)
                continue
            sources = list(node.sources(lazy=False))
            self.wait_for(id, sources)
            stack.extend(sources)

    def wait_for(self, id: str, sources: Collection[str]) -> None:
        """Let a node wait for what is not there yet, and hold all of it."""
        self.holds.hold(id, sources)
        self.waiting[id] = {source for source in sources if source not in self.results}
        for source in self.waiting[id]:
            self.users.setdefault(source, []).append(id)
        if not self.waiting[id]:
            self.ready.append(id)

    def expand(self, node: PlannedNode, returned: Returned) -> None:
        """Take the more nodes that a node returned, and let it wait for them."""
        for index, expansion in returned.outcome.expansions.items():
            returned.brought += self.splicer.splice(node, index, expansion)
        self.expanding[node.id] = returned
        needed = {link.node for part in returned.outcome.outputs.values() for link in links_in(part)}
        needed.update(id for id in returned.brought if self.plan.nodes[id].spec.output_node)
        self.demand(needed)
        self.wait_for(node.id, needed)

    def finish_expansion(self, node: PlannedNode) -> None:
        """Put the results of an expansion into their places."""
        returned = self.expanding.pop(node.id)
        outputs = {name: joined(parts, self.results) for name, parts in returned.outcome.outputs.items()}
        if any(id in self.unkept or id in self.shown for id in returned.brought):
            self.unkept.add(node.id)
        result = returned.result(outputs)
        self.keep(node, result, returned.started)
        self.complete(node.id, result)

    def keep(self, node: PlannedNode, result: NodeResult, started: float) -> None:
        """Store a node's result and tell that it is there."""
        duration = elapsed(started)
        if node.id not in self.unkept:
            self.machine.cache.put(node.key, node.spec, result, duration)
        held = self.memory.peaks.get(node.id)
        self.caller.emit(NodeFinished(node.shown, duration, cached=False, part=part_of(node), memory=held))

    def complete(self, id: str, result: NodeResult) -> None:
        """Take a result and wake the nodes that waited for it."""
        self.results[id] = result
        self.waiting.pop(id, None)
        if result.reports:
            self.reports[id] = result.reports
        if result.reports or result.files:
            self.shown.add(id)
        for user in self.users.pop(id, ()):
            self.waiting[user].discard(id)
            if not self.waiting[user]:
                self.ready.append(user)
        for idle in self.holds.release(id):
            self.results.pop(idle, None)

    def refuse_circles(self) -> None:
        """Nothing can start any more: a node that is not done waits for its own expansion."""
        for id in self.expanding:
            node = self.plan.nodes[id]
            message = f"{node.shown}: its expansion needs its own result."
            remedy = "Report it to the author of the node."
            raise NodeFailed(Problem("cycle", message, remedy, node.shown))

    def replay(self, id: str, result: NodeResult) -> None:
        """Tell of a stored result what its first run told."""
        node = self.plan.nodes[id]
        for report in result.reports:
            self.caller.emit(NodeReported(node.shown, report))
        for file in result.files:
            self.caller.emit(AssetAdded(node.shown, asdict(file), reused=True))
        self.caller.emit(NodeFinished(node.shown, 0.0, cached=True, part=part_of(node)))
        self.complete(id, result)

    def start_ready(self) -> None:
        while self.ready:
            if self.caller.cancelled.is_set():
                raise Cancelled
            node = self.plan.nodes[self.ready.popleft()]
            if node.id in self.expanding:
                self.finish_expansion(node)
            elif lazy := self.unmet(node):
                self.wait_for(node.id, lazy)
                self.demand(lazy)
            else:
                self.submit(node)

    def submit(self, node: PlannedNode) -> None:
        """Send a node to its lane with all that reaches it."""
        lane = self.machine.lanes.named(node.spec.lane)
        if limit_of(node):
            self.limited[node.id] = node
        future = lane.submit(self.run_node, node, given(node, self.results))
        self.running[future] = node.id
        future.add_done_callback(self.finished.put)

    def unmet(self, node: PlannedNode) -> list[str]:
        """Return the nodes behind lazy inputs that the node wants now and that are not done."""
        if node.spec.needs is None:
            return []
        links = (
            link.node for name in wanted(node, given(node, self.results)) for link in node.links.get(name, ())
        )
        return [id for id in links if id not in self.results]

    def run_node(self, node: PlannedNode, elements: Elements) -> NodeResult | Returned:
        """Run a node in its lane."""
        if self.stopping.is_set():
            raise Cancelled
        self.deadlines.begin(node)
        self.caller.emit(NodeStarted(node.shown, part_of(node)))
        started = time.monotonic()
        context = NodeContext(
            id=node.id,
            shown=node.shown,
            folders=self.machine.folders,
            caller=self.caller,
            stopping=self.stopping,
            workflow=self.workflow,
            versions=self.versions,
            running=self.plan.nodes,
            key=node.key,
            savepoints=self.machine.savepoints,
            reported=partial(self.reported, node.id),
        )
        returned = Returned(self.memory.call(node, elements, context), context, started)
        if returned.outcome.expansions:
            return returned
        result = returned.result(returned.outcome.outputs)
        self.keep(node, result, started)
        return result

    @cached_property
    def memory(self) -> JobMemory:
        machine, nodes = self.machine, self.plan.nodes
        return JobMemory(
            self.plan,
            machine.cache,
            machine.folders,
            machine.keeper,
            lambda: {nodes[id].key for id in list(self.results)},
        )

    @cached_property
    def holds(self) -> Holds:
        return Holds(frozenset(self.plan.targets))

    @cached_property
    def splicer(self) -> Splicer:
        return Splicer(self.plan.planner)

    def reported(self, id: str) -> dict[str, list[Mapping[str, Any]]]:
        """Return what the nodes that a node depends on reported, by node."""
        nodes = self.plan.nodes
        above = reach([id], lambda id: sources(nodes[id])) if self.reports else set()
        return {name: list(self.reports[name]) for name in sorted({id, *above}) if name in self.reports}

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of every node type in the document, for the lock in saved pictures."""
        nodes = (node for graph in self.workflow.graphs.values() for node in graph.nodes.values())
        specs = (self.machine.catalog.get(node.type) for node in nodes)
        return {spec.id: spec.version for spec in specs if spec}


def part_of(node: PlannedNode) -> str:
    """Return the id of a node that an expansion brought; empty for one of the document."""
    return node.id if node.id != node.shown else ""
