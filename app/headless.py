"""Run a document in this process, with a progress bar: what `patchloom run` does."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from app.config import Settings
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.events import (
    AssetAdded,
    Event,
    JobFinished,
    JobStarted,
    NodeFinished,
    NodeProgress,
    NodeStarted,
)
from app.execution.executor import Executor
from app.execution.memory import keeper, room_for_results
from app.execution.savepoints import Savepoints
from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.workflow import Workflow
from app.measure.record import Record


@dataclass
class Headless:
    """Runs documents without a server."""

    catalog: Catalog
    settings: Settings

    def run(self, document: Workflow, output: Path | None, report: Path | None = None) -> JobFinished:
        """Run to the end; pictures go to `output`, or to the output folder. Ctrl-C cancels between steps.

        Times and what techniques did are written to the file `report`, also when the run fails.
        """
        record = Record(document)
        with tempfile.TemporaryDirectory(prefix="patchloom-") as scratch:
            folders = replace(self.settings.folders, temp=Path(scratch, "temp"))
            if output is not None:
                folders = replace(folders, output=Path(scratch, "output"))
            settings = self.settings
            savepoints = Savepoints(settings.savepoints, settings.savepoint_steps, settings.savepoint_after)
            memory = keeper(settings.memory_budget)
            cache = ResultCache(room_for_results(memory, settings.cache_bytes))
            executor = Executor(self.catalog, cache, folders, savepoints, keeper=memory)
            console = Console(stderr=True)
            with interruptible() as cancelled, Progress(*COLUMNS, console=console) as progress:
                bars = Bars(progress)

                def show(event: Event) -> None:
                    record.take(event)
                    bars.show(event)

                end = executor.run(document, Caller(show, cancelled=cancelled, stuck=leave))
            saved = [written(name, folders.output, self.settings.folders.output) for name in bars.saved]
            if end.status == "done":
                for path in deliver(saved, output) if output is not None else saved:
                    print(path)
        if report is not None:
            report.write_text(json.dumps(record.to_json(), indent=1) + "\n", encoding="utf-8")
        return end


def leave(end: JobFinished) -> None:
    """End the process at once: a node that is over its time limit holds one of its threads."""
    assert end.problem is not None, "a run is stuck for a reason"
    print(f"patchloom: {Problem(**end.problem)}", file=sys.stderr, flush=True)
    os._exit(1)


def written(name: str, scratch: Path, output: Path) -> Path:
    """Return where a result lies; nodes of packs write to the output folder themselves."""
    return scratch / name if (scratch / name).exists() else output / name


COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


@dataclass
class Bars:
    """A bar for the nodes of the run, and one for the steps of the node that tells its steps."""

    progress: Progress
    saved: list[str] = field(default_factory=list)
    total: TaskID | None = None
    steps: dict[str, TaskID] = field(default_factory=dict)

    def show(self, event: Event) -> None:
        match event:
            case JobStarted(order):
                self.total = self.progress.add_task("nodes", total=len(order))
            case NodeStarted(node) if self.total is not None:
                self.progress.update(self.total, description=node)
            case NodeProgress(node, step, steps):
                if node not in self.steps:
                    self.steps[node] = self.progress.add_task(f"{node} steps", total=steps)
                self.progress.update(self.steps[node], completed=step)
            case NodeFinished(cached=False) if self.total is not None:
                self.count(self.total)
            case AssetAdded(asset=asset) if asset["folder"] == "output":
                self.saved.append(asset["name"])

    def count(self, bar: TaskID) -> None:
        """Count a finished node; one behind a lazy input was not foreseen in the total."""
        task = self.progress.tasks[self.progress.task_ids.index(bar)]
        self.progress.update(bar, advance=1, total=max(task.total or 0, task.completed + 1))


@contextmanager
def interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C into a cancel between steps; the second one ends the process."""
    cancelled = threading.Event()

    def cancel(*_: object) -> None:
        cancelled.set()
        signal.signal(signal.SIGINT, previous)

    previous = signal.signal(signal.SIGINT, cancel)
    try:
        yield cancelled
    finally:
        signal.signal(signal.SIGINT, previous)


def deliver(saved: list[Path], output: Path) -> list[Path]:
    """Move the pictures to where the user wants them; several for one file name get numbers."""
    if output.is_dir():
        places = [output / path.name for path in saved]
    else:
        output.parent.mkdir(parents=True, exist_ok=True)
        places = [
            output if n == 1 else output.with_stem(f"{output.stem}_{n}") for n in range(1, len(saved) + 1)
        ]
    for path, place in zip(saved, places, strict=True):
        shutil.move(path, place)
    return places
