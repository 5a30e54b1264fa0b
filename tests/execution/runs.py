"""Run documents of the plain nodes and look at what was told."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
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


def lines_of(act: Callable[[], object]) -> int:
    """Count the lines of Python that an action passes on this thread: its work, whatever the machine."""
    passed = 0

    def count(frame: object, event: str, arg: object) -> object:
        nonlocal passed
        passed += event == "line"
        return count

    sys.settrace(count)  # type: ignore[arg-type]
    try:
        act()
    finally:
        sys.settrace(None)
    return passed


def is_linear(work: Callable[[int], Callable[[], object]], size: int) -> bool:
    """Whether twice the size costs twice the work, beside what every size costs."""
    one, two, four = (lines_of(work(size * times)) for times in (1, 2, 4))
    return four - two < 2.15 * (two - one)
