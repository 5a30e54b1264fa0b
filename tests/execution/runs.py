"""Run documents of the plain nodes and look at what was told."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.execution.context import Caller
from app.execution.events import Event, JobFinished, NodeFinished, NodeStarted
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.workflow import Workflow

PLAIN = catalog.find(("tests.plain.nodes",))


def run(executor: Executor, document: Workflow, targets: Iterable[str] = ()) -> list[Event]:
    told: list[Event] = []
    end = executor.run(document, Caller(told.append), targets)
    assert told[-1] == end
    return told


def ended(told: list[Event]) -> str:
    assert isinstance(told[-1], JobFinished)
    return told[-1].status


def problem(told: list[Event]) -> dict[str, Any]:
    assert isinstance(told[-1], JobFinished) and told[-1].problem
    return dict(told[-1].problem)


def finished(told: list[Event]) -> dict[str, bool]:
    """Return the nodes that have results, and whether those came from the cache; parts by their own id."""
    return {event.part or event.node: event.cached for event in told if isinstance(event, NodeFinished)}


def started(told: list[Event]) -> list[str]:
    return [event.part or event.node for event in told if isinstance(event, NodeStarted)]


def saved(folders: Folders) -> list[str]:
    """Return what the `show` nodes saved, in the order of the file names."""
    return [path.read_bytes()[8:].decode().strip() for path in sorted(folders.output.iterdir())]
