"""The queue at work: jobs go to the worker one by one, what it tells goes to the store and the clients."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from app.execution import events, wire
from app.execution.context import Claim
from app.execution.events import (
    AssetAdded,
    CatalogChanged,
    JobFinished,
    QueueChanged,
    SavedFile,
    WorkerChanged,
    WorkerState,
)
from app.execution.supervisor import Supervisor
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.workflow import Workflow
from app.server.hub import Hub
from app.server.inquiry import Inquiry
from app.server.state import State
from app.store.jobs import Job, NewJob

log = logging.getLogger(__name__)


@dataclass
class Runner:
    """Feeds the worker and hears it. All methods run on the event loop."""

    state: State
    hub: Hub
    supervisor: Supervisor = field(init=False)
    inquiry: Inquiry = field(init=False)
    current: Job | None = None
    started: float = 0.0
    node: str | None = None
    cancelling: bool = False
    stuck: JobFinished | None = None
    loading: str | None = None  # the pack that the worker is importing

    def __post_init__(self) -> None:
        self.supervisor = Supervisor(self.state.worker_settings(), self.hear, self.worker_changed)
        self.inquiry = Inquiry(self.supervisor)

    async def check(self, workflow: Workflow, targets: Sequence[str] = ()) -> list[Problem]:
        """Check a document; where nodes look at their values themselves, the worker does it."""
        found = self.state.check(workflow, targets)
        nodes = (node for graph in workflow.graphs.values() for node in graph.nodes.values())
        specs = (self.state.catalog.get(node.type) for node in nodes)
        if not any(spec is not None and spec.checks_itself for spec in specs):
            return found
        document, wanted = workflow.to_json(), list(targets)
        answer = await self.inquiry.ask({"type": "check", "document": document, "targets": wanted})
        return found if answer is None else [Problem(**problem) for problem in answer["problems"]]

    async def renew(self) -> None:
        """Let packs say again what their nodes offer, such as the files of a folder."""
        if self.state.settings.packs:
            await self.inquiry.ask({"type": "renew"})

    def recover(self) -> None:
        """Take up what an earlier server left: queue interrupted jobs again, end those that never finish."""
        for id in self.state.jobs.requeue_interrupted():
            problem = Problem(
                "interrupted",
                "The server ended three times while this job was running.",
                "If memory ran out, use a smaller size or model; then run it again.",
            )
            self.hub.tell(self.state.jobs.finish(id, JobFinished("failed", problem.to_json(), 0.0)))

    def feed(self) -> None:
        """Hand the job whose turn it is to an idle worker."""
        if self.current or self.supervisor.state != "ready":
            return
        job = self.state.jobs.next()
        if job is None:
            return
        self.state.jobs.start(job.id)
        self.current, self.started, self.node, self.cancelling = job, time.monotonic(), None, False
        self.stuck = None
        document, targets = self.state.jobs.document(job.id), self.state.jobs.targets(job.id)
        self.supervisor.send({"type": "run", "job": job.id, "document": document, "targets": targets})

    def enqueue(self, new: NewJob) -> Job:
        """Queue a checked document, tell everybody, and start it if nothing else runs."""
        job, record = self.state.jobs.add(new)
        self.hub.tell(record)
        self.feed()
        return job

    def cancel(self, job: Job) -> None:
        """Cancel a queued job at once, a running one between its steps."""
        if self.current and self.current.id == job.id:
            self.cancelling = True
            self.supervisor.cancel(job.id)
        elif job.status == "queued":
            self.hub.tell(self.state.jobs.finish(job.id, JobFinished("cancelled", None, 0.0)))

    def queue_changed(self) -> None:
        """Tell everybody the new order, and go on if the queue goes on."""
        jobs = self.state.jobs
        self.hub.tell(self.state.log.add(QueueChanged(jobs.paused, tuple(jobs.order()))))
        self.feed()

    def free(self) -> None:
        """Let the worker forget models and results once its job is done; what is on disk stays."""
        self.supervisor.send({"type": "free"})

    async def hear(self, frame: wire.Frame) -> None:
        """Take a frame from the worker."""
        if isinstance(frame, bytes):
            if self.current:
                self.hub.show(frame, self.current.id)
        elif frame["type"] == "ready":
            self.loading = None
            self.take_catalog(Catalog.from_json(frame["catalog"]))
        elif frame["type"] == "catalog":
            self.take_catalog(Catalog.from_json(frame["catalog"]))
        elif frame["type"] == "loading":
            self.loading = frame["pack"]
        elif frame["type"] == "answer":
            self.inquiry.hear(frame)
        elif self.current and frame["job"] == self.current.id:
            self.answer(self.current, frame)

    def answer(self, job: Job, message: dict[str, Any]) -> None:
        """Take an event of the running job, or give it the file name it asks for."""
        if message["type"] == "event":
            self.take_event(job, events.from_json(message["event"]))
        elif message["type"] == "claim":
            wish = Claim(**{name: message[name] for name in ("node", "index", "folder", "template")})
            self.supervisor.send({"type": "claimed", "name": self.state.assets.claim(job.id, wish)})
        elif message["type"] == "stuck":
            self.stuck = JobFinished(
                **{name: message["event"][name] for name in ("status", "problem", "duration")}
            )
            self.supervisor.kill()

    def take_event(self, job: Job, event: events.Event) -> None:
        match event:
            case JobFinished():
                self.end(event)
                return
            case events.NodeStarted(node):
                self.node = node
            case AssetAdded():
                event = self.with_asset(job, event)
        self.hub.tell(self.state.log.add(event, job.id))

    def with_asset(self, job: Job, event: AssetAdded) -> AssetAdded:
        """Enter the file into the gallery, or find the entry that an earlier run made."""
        file = SavedFile(**event.asset)
        assets = self.state.assets
        entry = (
            assets.find(file.folder, file.name) if event.reused else assets.written(file, job.id, event.node)
        )
        return AssetAdded(event.node, entry.to_json(), event.reused)

    def end(self, end: JobFinished) -> None:
        assert self.current is not None
        self.supervisor.call_off_killer()
        self.state.assets.release(self.current.id)
        record = self.state.jobs.finish(self.current.id, end)
        self.current = None
        self.hub.tell(record)
        self.feed()

    def take_catalog(self, found: Catalog) -> None:
        """Use the catalogue the worker read, and keep it for the next start."""
        for entry in found.failed:
            log.warning("%s was left out: %s", entry.file, entry.reason)
        changed = found.version != self.state.catalog.version or not self.state.catalog_complete
        self.state.catalog, self.state.catalog_complete = found, True
        settings = self.state.settings
        digest = catalog.source_digest(settings.packages, settings.packs)
        catalog.write(settings.stored_catalog, found, digest)
        if changed:
            self.hub.tell(self.state.log.add(CatalogChanged(found.version)))

    async def worker_changed(self, state: WorkerState, detail: str) -> None:
        """Tell everybody; a job that was running when the worker died ends here."""
        self.state.device = detail if state == "ready" else self.state.device
        self.hub.tell(self.state.log.add(WorkerChanged(state, self.state.device, detail)))
        if state == "stopped":
            self.inquiry.give_up()
            self.leave_out(detail)
        if state == "stopped" and self.current:
            self.end(self.death(detail))
        if state == "ready":
            self.feed()

    def leave_out(self, detail: str) -> None:
        """Let the next worker do without the pack whose import ended this one."""
        if self.loading is not None:
            settings = self.supervisor.settings
            deadly = {**settings["deadly"], self.loading: detail}
            self.supervisor.settings = {**settings, "deadly": deadly}
            self.loading = None

    def death(self, detail: str) -> JobFinished:
        duration = round(time.monotonic() - self.started, 4)
        if self.cancelling:
            return JobFinished("cancelled", None, duration)
        if self.stuck is not None:
            return self.stuck
        where = f"while running '{self.node}'" if self.node else "before the first node"
        problem = Problem(
            "worker_died",
            f"The worker process ended {where}: {detail}.",
            "If memory ran out, use a smaller size or model. The queue goes on with the next job.",
            self.node,
        )
        return JobFinished("failed", problem.to_json(), duration)

    def status(self) -> dict[str, Any]:
        """Return what `GET /api/status` answers."""
        return {
            "version": self.state.version,
            "worker": {"state": self.supervisor.state, "device": self.state.device},
            "queue": {
                "running": self.current.id if self.current else None,
                "queued": self.state.jobs.queued(),
                "paused": self.state.jobs.paused,
            },
            "last_seq": self.state.log.last_seq(),
            "failed_files": [
                {"file": entry.file, "reason": entry.reason} for entry in self.state.catalog.failed
            ],
        }

    async def work(self) -> None:
        """Keep the worker alive until the server ends."""
        self.recover()
        await self.supervisor.keep_alive()
