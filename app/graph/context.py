"""What a running node may ask of the machine; the executor's answer is `execution.context`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

from app.graph.expansion import RunningNode


class Savepoint(Protocol):
    """Where one call of a node may leave work half done, for the case that the process dies.

    Attributes:
        every: Steps between two savings; 0 saves nothing.
        after: Duration (s) up to which a run is short enough to be simply done again.
    """

    @property
    def every(self) -> int: ...

    @property
    def after(self) -> float: ...

    def put(self, name: str, data: bytes) -> None:
        """Keep `data` under a short name, whole or not at all."""

    def get(self, name: str) -> bytes | None:
        """Return what was kept under a name, by this process or one before it."""

    def clear(self) -> None:
        """Forget everything that this call kept."""


class Camera(Protocol):
    """Pictures that arrive while a node runs.

    Attributes:
        closed: Whether the user has stopped it.
    """

    @property
    def closed(self) -> bool: ...

    def take(self) -> bytes | None:
        """Return the newest picture file, unless it was taken before; ones between are lost."""

    def discard(self) -> None:
        """Keep no picture of what it saw."""


class Context(Protocol):
    """What a running node may ask of the machine; declare a parameter of this type to get it."""

    @property
    def id(self) -> str:
        """The node's id in the run; one that an expansion brought has the id it was given there."""

    @property
    def element(self) -> int:
        """Which of the elements of its lists the node works on now, from 0."""

    @property
    def running(self) -> Mapping[str, RunningNode]:
        """All nodes of the run by id, one object for the whole run. It grows; do not iterate over it."""

    def progress(self, step: int, steps: int) -> None:
        """Tell that `step` of `steps` is done; raises `Cancelled` when the user stopped the run."""

    def check_cancelled(self) -> None:
        """Raise `Cancelled` when the user stopped the run; for work without steps."""

    def preview(self, jpeg: bytes) -> None:
        """Show a picture of the work so far; frames may be dropped."""

    def report(self, report: Mapping[str, Any]) -> None:
        """Hand over what a technique did, as JSON data with at least the key `technique`."""

    def model_path(self, folder: str, name: str) -> Path:
        """Return where the model `name` of a configured model folder lies."""

    def new_model_path(self, folder: str, name: str) -> Path:
        """Return where a new model file goes in a configured model folder; no file is there yet."""

    def input_path(self, name: str) -> Path:
        """Return where the uploaded file `name` lies."""

    def input_images(self, folder: str, subfolders: bool) -> list[str]:
        """Return the names of the pictures in a folder of uploads, for `input_path`; "." is the top."""

    def camera(self, name: str) -> Camera:
        """Return the camera that a browser or a script runs under a name."""

    def save(self, name: str, data: bytes, *, width: int, height: int, temporary: bool = False) -> None:
        """Write a result picture. `{n}` in the name becomes the next free number, below the output folder."""

    def adopt(self, folder: Literal["output", "temp"], name: str, *, width: int, height: int) -> None:
        """Count a picture as a result that the node has written itself: `name` below the folder."""

    def document(self) -> dict[str, Any]:
        """Return the running document as JSON, to be put into saved pictures."""

    def savepoint(self) -> Savepoint | None:
        """Return the place for half-done work of this call; None where nothing outlives the process."""
