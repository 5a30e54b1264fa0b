"""Run a planned document, node by node, telling everything that happens."""

from __future__ import annotations

import logging
import struct
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from app.execution.cache import NodeResult, ResultCache
from app.execution.events import (
    AssetAdded,
    Event,
    JobFinished,
    JobStarted,
    NodeFinished,
    NodeProgress,
    NodeReported,
    NodeStarted,
    SavedFile,
    failed,
)
from app.execution.files import Folders, write_numbered
from app.execution.plan import Plan, PlannedNode, make_plan
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.problem import Cancelled, Problem, Refusal
from app.graph.resolve import Link
from app.graph.workflow import Workflow

log = logging.getLogger(__name__)
Emit = Callable[[Event], None]
Preview = Callable[[bytes], None]  # takes a whole binary frame, see `preview_frame`
PREVIEW, JPEG = 1, 0


class NodeFailed(Exception):
    """A node could not finish; `problem` is what the user is told."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass
class NodeContext:
    """What the node `id` may ask of the machine while it runs (see `graph.node.Context`)."""

    id: str
    folders: Folders
    emit: Emit
    send_preview: Preview
    cancelled: threading.Event
    running: Workflow
    versions: Mapping[str, str]
    files: list[SavedFile] = field(default_factory=list)
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    last_step: float = field(default_factory=time.monotonic)

    def progress(self, step: int, steps: int) -> None:
        now = time.monotonic()
        self.emit(NodeProgress(self.id, step, steps, round(now - self.last_step, 4)))
        self.last_step = now
        if self.cancelled.is_set():
            raise Cancelled

    def preview(self, jpeg: bytes) -> None:
        self.send_preview(preview_frame(self.id, jpeg))

    def report(self, report: Mapping[str, Any]) -> None:
        self.reports.append(report)
        self.emit(NodeReported(self.id, report))

    def model_path(self, folder: str, name: str) -> Path:
        return self.folders.model(folder, name)

    def input_path(self, name: str) -> Path:
        return self.folders.inside(self.folders.input, name)

    def save(self, name: str, data: bytes, *, width: int, height: int, temporary: bool = False) -> None:
        folder = self.folders.temp if temporary else self.folders.output
        path = write_numbered(folder, name, data)
        file = SavedFile("temp" if temporary else "output", path.name, width, height)
        self.files.append(file)
        self.emit(AssetAdded(self.id, asdict(file), reused=False))

    def document(self) -> dict[str, Any]:
        return {**self.running.to_json(), "lock": {"nodes": dict(self.versions), "models": {}}}


@dataclass(frozen=True)
class Executor:
    """Runs documents with one catalogue, one cache and one set of folders."""

    catalog: Catalog
    cache: ResultCache
    folders: Folders

    def run(
        self,
        workflow: Workflow,
        emit: Emit,
        *,
        send_preview: Preview = lambda frame: None,
        cancelled: threading.Event | None = None,
        targets: Iterable[str] = (),
    ) -> JobFinished:
        """Run a document to its end, the last event emitted. Never raises for what a node does."""
        started = time.monotonic()
        run = RunningJob(self, workflow, emit, send_preview, cancelled or threading.Event())
        try:
            run.execute(self.prepare(workflow, targets))
            end = JobFinished("done", None, elapsed(started))
        except Cancelled:
            end = JobFinished("cancelled", None, elapsed(started))
        except NodeFailed as failure:
            end = failed(failure.problem, elapsed(started))
        emit(end)
        return end

    def prepare(self, workflow: Workflow, targets: Iterable[str]) -> Plan:
        """Check again, since files may have gone while the job was queued, and plan."""
        for problem in check(workflow, self.catalog, self.folders.choices):
            if problem.severity == "error":
                raise NodeFailed(problem)
        return make_plan(workflow, self.catalog, self.cache, self.folders, targets)


@dataclass
class RunningJob:
    """The state of one run: the results so far."""

    executor: Executor
    workflow: Workflow
    emit: Emit
    send_preview: Preview
    cancelled: threading.Event
    results: dict[str, NodeResult] = field(default_factory=dict)

    def execute(self, plan: Plan) -> None:
        self.emit(JobStarted(tuple(node.id for node in plan.order), tuple(plan.reused)))
        for id, result in plan.reused.items():
            self.results[id] = result
            self.replay(id, result)
        for node in plan.order:
            if self.cancelled.is_set():
                raise Cancelled
            self.results[node.id] = self.run_node(node)

    def replay(self, id: str, result: NodeResult) -> None:
        """Tell of a reused result what its first run told."""
        for report in result.reports:
            self.emit(NodeReported(id, report))
        for file in result.files:
            self.emit(AssetAdded(id, asdict(file), reused=True))
        self.emit(NodeFinished(id, 0.0, cached=True))

    def run_node(self, node: PlannedNode) -> NodeResult:
        self.emit(NodeStarted(node.id))
        started = time.monotonic()
        context = self.context(node)
        result = NodeResult(self.call(node, context), tuple(context.files), tuple(context.reports))
        self.executor.cache.put(node.key, result)
        self.emit(NodeFinished(node.id, elapsed(started), cached=False))
        return result

    def context(self, node: PlannedNode) -> NodeContext:
        return NodeContext(
            node.id,
            self.executor.folders,
            self.emit,
            self.send_preview,
            self.cancelled,
            self.workflow,
            self.versions,
        )

    @cached_property
    def versions(self) -> dict[str, str]:
        """The version of every node type in the document, for the lock in saved pictures."""
        specs = (self.executor.catalog.get(node.type) for node in self.workflow.graph.nodes.values())
        return {spec.id: spec.version for spec in specs if spec}

    def call(self, node: PlannedNode, context: NodeContext) -> dict[str, Any]:
        """Call the node's function; whatever goes wrong becomes a NodeFailed with a readable problem."""
        assert node.spec.function is not None, f"{node.spec.id} was read as a schema only"
        try:
            value = node.spec.function(**self.arguments(node, context))
            return named_outputs(node.spec.outputs, value)
        except Cancelled:
            raise
        except Refusal as refusal:
            problem = Problem(
                refusal.code, f"{node.id}: {refusal.message}", refusal.remedy, node.id, refusal.input
            )
            raise NodeFailed(problem) from refusal
        except Exception as error:
            log.exception("node %s (%s) failed", node.id, node.spec.id)
            raise NodeFailed(crash(node, error)) from error

    def arguments(self, node: PlannedNode, context: NodeContext) -> dict[str, Any]:
        given = dict(node.values)
        for name, links in node.links.items():
            entry = node.spec.input(name)
            values = [self.value(link) for link in links]
            given[name] = values if entry and entry.multiple else values[-1]
        if context_name := node.spec.context_parameter:
            given[context_name] = context
        return given

    def value(self, link: Link) -> Any:
        return self.results[link.node].outputs[link.output]


def named_outputs(outputs: Iterable[Any], value: Any) -> dict[str, Any]:
    """Give each returned value its output's name; several come as a NamedTuple."""
    names = [output.name for output in outputs]
    if len(names) > 1 or hasattr(value, "_fields"):
        return dict(zip(names, value, strict=True))
    return dict.fromkeys(names, value)


def crash(node: PlannedNode, error: Exception) -> Problem:
    """Describe an error that the node's author did not foresee; the traceback is in the log, not here."""
    reason = str(error).strip().splitlines()[0][:300] if str(error).strip() else "no further words"
    return Problem(
        "node_crashed",
        f"{node.id}: {type(error).__name__}: {reason}",
        f"The node '{node.spec.id}' has a fault; report it with the trace from the server's log.",
        node.id,
    )


def preview_frame(node: str, jpeg: bytes) -> bytes:
    """Pack a preview for the wire: kind, format, length of the node id, node id, image."""
    name = node.encode()
    return struct.pack(">BBH", PREVIEW, JPEG, len(name)) + name + jpeg


def elapsed(since: float) -> float:
    return round(time.monotonic() - since, 4)
