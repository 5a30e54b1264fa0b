"""What a run tells and asks its caller, and what a running node may ask of the run."""

from __future__ import annotations

import struct
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from app.execution.events import AssetAdded, Event, Folder, JobFinished, NodeProgress, NodeReported, SavedFile
from app.execution.files import Folders, Numbering, write_whole
from app.execution.mailbox import Mailbox, mailbox
from app.execution.savepoints import CallSavepoint, Savepoints
from app.graph.expansion import RunningNode
from app.graph.problem import Cancelled
from app.graph.workflow import Workflow

PREVIEW, JPEG = 1, 0


@dataclass(frozen=True)
class Claim:
    """The wish for a file name: the `index`-th file that `node` saves, named after `template`."""

    node: str
    index: int
    folder: Folder
    template: str


@dataclass(frozen=True)
class Caller:
    """Who started a run.

    Attributes:
        emit: Takes every event, in order, from any thread.
        preview: Takes preview frames (see `preview_frame`) and may drop them.
        cancelled: Set by the caller to stop the run.
        claim: Returns the name for a file; when a run is done again, the name of the first time, so that no
            file appears twice. None counts on in the folder.
        stuck: Takes the end of a run in which a node goes on after its time limit, and ends the process; None
            waits for the node.
    """

    emit: Callable[[Event], None]
    preview: Callable[[bytes], None] = lambda frame: None
    cancelled: threading.Event = field(default_factory=threading.Event)
    claim: Callable[[Claim], str] | None = None
    stuck: Callable[[JobFinished], None] | None = None


@dataclass
class NodeContext:
    """What the node `id` may ask of the machine while it runs (see `graph.node.Context`).

    `shown` is the node of the document that stands for it in all that is told.
    """

    id: str
    shown: str
    folders: Folders
    caller: Caller
    stopping: threading.Event
    workflow: Workflow
    versions: Mapping[str, str]
    running: Mapping[str, RunningNode]
    key: str = ""
    savepoints: Savepoints | None = None
    element: int = -1
    reported: Callable[[], Mapping[str, Any]] = dict
    files: list[SavedFile] = field(default_factory=list)
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    last_step: float = field(default_factory=time.monotonic)

    def progress(self, step: int, steps: int) -> None:
        now = time.monotonic()
        self.caller.emit(NodeProgress(self.shown, step, steps, round(now - self.last_step, 4)))
        self.last_step = now
        self.check_cancelled()

    def check_cancelled(self) -> None:
        if self.caller.cancelled.is_set() or self.stopping.is_set():
            raise Cancelled

    def preview(self, jpeg: bytes) -> None:
        self.caller.preview(preview_frame(self.shown, jpeg))

    def report(self, report: Mapping[str, Any]) -> None:
        self.reports.append(report)
        self.caller.emit(NodeReported(self.shown, report))

    def model_path(self, folder: str, name: str) -> Path:
        return self.folders.model(folder, name)

    def new_model_path(self, folder: str, name: str) -> Path:
        return self.folders.new_model(folder, name)

    def input_path(self, name: str) -> Path:
        return self.folders.inside(self.folders.input, name)

    def input_images(self, folder: str, subfolders: bool) -> list[str]:
        return self.folders.images("input", folder, subfolders=subfolders)

    def save(self, name: str, data: bytes, *, width: int, height: int, temporary: bool = False) -> None:
        folder: Folder = "temp" if temporary else "output"
        root = self.folders.by_name(folder)
        if self.caller.claim is None:
            name = Numbering().claim(root, name)
        else:
            name = self.caller.claim(Claim(self.id, len(self.files), folder, name))
        write_whole(root / name, data)
        self.adopt(folder, name, width=width, height=height)

    def adopt(self, folder: Folder, name: str, *, width: int, height: int) -> None:
        self.files.append(SavedFile(folder, name, width, height))
        self.caller.emit(AssetAdded(self.shown, asdict(self.files[-1]), reused=False))

    def camera(self, name: str) -> Mailbox:
        return mailbox(self.folders.temp, name)

    def savepoint(self) -> CallSavepoint | None:
        return self.savepoints.of(self.key, self.element) if self.savepoints else None

    def document(self) -> dict[str, Any]:
        lock = {"nodes": dict(self.versions), "models": {}}
        return {**self.workflow.to_json(), "lock": lock, "reports": self.reported()}


def preview_frame(node: str, jpeg: bytes) -> bytes:
    """Pack a preview for the wire: kind, format, length of the node id, node id, image."""
    name = node.encode()
    return struct.pack(">BBH", PREVIEW, JPEG, len(name)) + name + jpeg
