"""Run a document: start every node whose inputs are there, and tell everything that happens."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from app.execution.cache import ResultCache
from app.execution.calls import NodeFailed, call, elapsed
from app.execution.context import Caller, NodeContext
from app.execution.events import (
    AssetAdded,
    JobFinished,
    JobStarted,
    NodeFinished,
    NodeReported,
    NodeStarted,
    failed,
)
from app.execution.files import Folders
from app.execution.plan import Plan, PlannedNode, make_plan, reusable
from app.execution.result import NodeResult
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.problem import Cancelled
from app.graph.workflow import Workflow

POOL = 4  # nodes that may run beside the one that holds the device


@dataclass(frozen=True)
class Executor:
    """Runs documents with one catalogue, one cache and one set of folders, one document at a time."""

    catalog: Catalog
    cache: ResultCache
    folders: Folders
    device: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1, "device"))
    pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(POOL, "pool"))

    def run(self, workflow: Workflow, caller: Caller, targets: Iterable[str] = ()) -> JobFinished:
        """Run a document to its end, the last event emitted. Never raises for what a node does."""
        started = time.monotonic()
        try:
            plan = self.prepare(workflow, targets)
            caller.emit(JobStarted(plan.order, tuple(plan.reused)))
            RunningJob(self, workflow, caller, plan).execute()
            end = JobFinished("done", None, elapsed(started))
        except Cancelled:
            end = JobFinished("cancelled", None, elapsed(started))
        except NodeFailed as failure:
            end = failed(failure.problem, elapsed(started))
        caller.emit(end)
        return end

    def prepare(self, workflow: Workflow, targets: Iterable[str]) -> Plan:
        """Check again, since files may have gone while the job was queued, and plan."""
        targets = tuple(targets)
        for problem in check(workflow, self.catalog, self.folders.choices, targets):
            if problem.severity == "error":
                raise NodeFailed(problem)
        return make_plan(workflow, self.catalog, self.cache, self.folders, targets)


@dataclass
class RunningJob:
    """The state of one run. Nodes run in lanes; everything else happens on the thread that called `execute`.

    Attributes:
        results: What is done.
        waiting: For each node that was asked for and cannot start: the nodes it waits for.
        users: For each node that is not done: those that wait for it.
        ready: Nodes whose inputs are all there.
        running: Nodes in their lanes.
        stopping: Set when the run ends early, so that nodes still at work stop at their next step.
    """

    executor: Executor
    workflow: Workflow
    caller: Caller
    plan: Plan
    results: dict[str, NodeResult] = field(default_factory=dict)
    waiting: dict[str, set[str]] = field(default_factory=dict)
    users: dict[str, list[str]] = field(default_factory=dict)
    ready: deque[str] = field(default_factory=deque)
    running: dict[Future[NodeResult], str] = field(default_factory=dict)
    stopping: threading.Event = field(default_factory=threading.Event)

    def execute(self) -> None:
        """Run until all targets are there; raises what the first failing node raised, or Cancelled."""
        try:
            self.demand(self.plan.targets)
            while self.ready or self.running:
                self.start_ready()
                finished, _ = wait(self.running, return_when=FIRST_COMPLETED)
                for future in finished:
                    self.complete(self.running.pop(future), future.result())
        finally:
            self.stopping.set()
            wait(self.running)

    def demand(self, ids: Iterable[str]) -> None:
        """Ask for results: take those that are stored, let the others wait for what they need."""
        stack = list(ids)
        while stack:
            id = stack.pop()
            if id in self.results or id in self.waiting:
                continue
            node = self.plan.nodes[id]
            result = self.plan.reused.get(id) or reusable(node, self.executor.cache, self.executor.folders)
            if result is not None:
                self.replay(id, result)
                continue
            self.wait_for(id, node.sources(lazy=False))
            stack.extend(node.sources(lazy=False))

    def wait_for(self, id: str, sources: Iterable[str]) -> None:
        self.waiting[id] = {source for source in sources if source not in self.results}
        for source in self.waiting[id]:
            self.users.setdefault(source, []).append(id)
        if not self.waiting[id]:
            self.ready.append(id)

    def complete(self, id: str, result: NodeResult) -> None:
        """Take a result and wake the nodes that waited for it."""
        self.results[id] = result
        for user in self.users.pop(id, ()):
            self.waiting[user].discard(id)
            if not self.waiting[user]:
                self.ready.append(user)

    def replay(self, id: str, result: NodeResult) -> None:
        """Tell of a stored result what its first run told."""
        for report in result.reports:
            self.caller.emit(NodeReported(id, report))
        for file in result.files:
            self.caller.emit(AssetAdded(id, asdict(file), reused=True))
        self.caller.emit(NodeFinished(id, 0.0, cached=True))
        self.complete(id, result)

    def start_ready(self) -> None:
        while self.ready:
            if self.caller.cancelled.is_set():
                raise Cancelled
            node = self.plan.nodes[self.ready.popleft()]
            if lazy := self.unmet(node):
                self.wait_for(node.id, lazy)
                self.demand(lazy)
            else:
                lane = self.executor.pool if node.spec.lane == "pool" else self.executor.device
                self.running[lane.submit(self.run_node, node)] = node.id

    def unmet(self, node: PlannedNode) -> list[str]:
        """Return the nodes behind lazy inputs that the node wants now and that are not done."""
        if node.spec.needs is None:
            return []
        given = self.given(node)
        known = {name: elements[-1] for name, elements in given.items() if elements}
        wanted = (link.node for name in node.spec.needs(**known) for link in node.links.get(name, ()))
        return [id for id in wanted if id not in self.results]

    def run_node(self, node: PlannedNode) -> NodeResult:
        """Run a node in its lane."""
        if self.stopping.is_set():
            raise Cancelled
        self.caller.emit(NodeStarted(node.id))
        started = time.monotonic()
        context = NodeContext(
            node.id, self.executor.folders, self.caller, self.stopping, self.workflow, self.versions
        )
        outputs = call(node, self.given(node), context)
        result = NodeResult(outputs, tuple(context.files), tuple(context.reports))
        duration = elapsed(started)
        self.executor.cache.put(node.key, node.spec, result, duration)
        self.caller.emit(NodeFinished(node.id, duration, cached=False))
        return result

    def given(self, node: PlannedNode) -> dict[str, list[Any]]:
        """Return the elements of every input that is known; a lazy one that nobody asked for is left out."""
        elements: dict[str, list[Any]] = {}
        for entry in node.spec.inputs:
            if entry.name in node.values:
                value = node.values[entry.name]
                elements[entry.name] = value if entry.multiple else [value]
            elif all(link.node in self.results for link in node.links.get(entry.name, ())):
                links = node.links.get(entry.name, ())
                elements[entry.name] = [
                    part for link in links for part in self.elements_of(link.node, link.output)
                ]
            else:
                elements[entry.name] = [None]
        return elements

    def elements_of(self, node: str, output: str) -> list[Any]:
        found: list[Any] = self.results[node].outputs[output]
        return found

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of every node type in the document, for the lock in saved pictures."""
        specs = (self.executor.catalog.get(node.type) for node in self.workflow.graph.nodes.values())
        return {spec.id: spec.version for spec in specs if spec}
