"""What happens during a run. The websocket, the event log and the command line carry exactly these."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Annotated, Any, Literal

from app.graph.problem import Problem

Folder = Literal["output", "temp"]
Status = Literal["queued", "running", "done", "failed", "cancelled"]
WorkerState = Literal["starting", "ready", "stopped"]


@dataclass(frozen=True)
class SavedFile:
    """A picture that a run wrote: `name` below the folder `output` or `temp`; size in pixels."""

    folder: Folder
    name: str
    width: int
    height: int


@dataclass(frozen=True)
class JobQueued:
    """A job entered the queue."""

    title: str


@dataclass(frozen=True)
class JobStarted:
    """A job left the queue: the nodes that run, in order, and those that come from the cache."""

    order: tuple[str, ...]
    cached: tuple[str, ...]


@dataclass(frozen=True)
class NodeStarted:
    """A node's function was called. What an expansion brought has its id in `part`; `node` stands for it."""

    node: str
    part: str = ""


@dataclass(frozen=True)
class NodeProgress:
    """`step` of `steps` is done and took `duration` (s)."""

    node: str
    step: int
    steps: int
    duration: float


@dataclass(frozen=True)
class NodeFinished:
    """A node has its results, computed in `duration` (s) or from the cache; `part` as in NodeStarted.

    `memory` is the most (bytes) that was held while it ran, on the GPU or by the process; None: not measured.
    """

    node: str
    duration: float
    cached: bool
    part: str = ""
    memory: int | None = None


@dataclass(frozen=True)
class NodeReported:
    """What a technique did during the node's run."""

    node: str
    report: Mapping[str, Any]


@dataclass(frozen=True)
class AssetAdded:
    """A result picture is there; `asset` is its JSON form. `reused`: an earlier run wrote it."""

    node: str
    asset: Annotated[Mapping[str, Any], "Asset"]
    reused: bool


@dataclass(frozen=True)
class JobFinished:
    """The end of a job; `problem` is the JSON form of the reason when it failed."""

    status: Status
    problem: Annotated[Mapping[str, Any] | None, "Problem | null"]
    duration: float


@dataclass(frozen=True)
class QueueChanged:
    """The queue was paused, resumed or put in another order: the waiting jobs, the next one first."""

    paused: bool
    order: tuple[str, ...]


@dataclass(frozen=True)
class WorkerChanged:
    """The worker process changed its state; `detail` is for people."""

    state: WorkerState
    device: str
    detail: str


@dataclass(frozen=True)
class CatalogChanged:
    """The node catalogue is another one now."""

    version: str


Event = (
    JobQueued
    | JobStarted
    | NodeStarted
    | NodeProgress
    | NodeFinished
    | NodeReported
    | AssetAdded
    | JobFinished
    | QueueChanged
    | WorkerChanged
    | CatalogChanged
)


def type_name(kind: type[Event]) -> str:
    """Return the wire name of an event class: JobQueued -> job_queued."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


KINDS: dict[str, type[Event]] = {type_name(kind): kind for kind in Event.__args__}
NAMES = {kind: name for name, kind in KINDS.items()}
UNTOLD = {  # what is as by default is left out: most events have no part, and few a figure of memory
    kind: [(field.name, field.default) for field in fields(kind) if field.default is not MISSING]
    for kind in NAMES
}


def to_json(event: Event) -> dict[str, Any]:
    """Return the event with its type, as sent and stored; what is as by default is left out."""
    kind = type(event)
    told = {"type": NAMES[kind], **vars(event)}
    for name, default in UNTOLD[kind]:
        if told[name] == default:
            del told[name]
    return told


def from_json(data: Mapping[str, Any]) -> Event:
    """Return the event that `to_json` wrote."""
    return KINDS[data["type"]](**{name: value for name, value in data.items() if name != "type"})


def failed(problem: Problem, duration: float) -> JobFinished:
    return JobFinished("failed", problem.to_json(), duration)
