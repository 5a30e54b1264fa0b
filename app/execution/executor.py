"""Run a document from its check to its end."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass

from app.execution.calls import NodeFailed, elapsed
from app.execution.context import Caller
from app.execution.events import JobFinished, JobStarted, failed
from app.execution.job import RunningJob
from app.execution.machine import Machine
from app.execution.plan import Plan, make_plan
from app.graph.check import check
from app.graph.problem import Cancelled
from app.graph.workflow import Workflow


@dataclass(frozen=True)
class Executor(Machine):
    """Runs documents, one at a time."""

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
