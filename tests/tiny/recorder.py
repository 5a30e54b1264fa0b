"""A machine for node functions that keeps what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.graph.node import Savepoint
from app.graph.problem import Cancelled

ROOT = Path(__file__).parents[2]


@dataclass
class Recorder:
    """Satisfies `Context`. With `cancel_at`, the run is cancelled when that step is reached."""

    inputs: Path = ROOT
    cancel_at: int | None = None
    steps: list[tuple[int, int]] = field(default_factory=list)
    previews: list[bytes] = field(default_factory=list)
    reports: list[Mapping[str, Any]] = field(default_factory=list)
    files: list[tuple[str, bytes, int, int, bool]] = field(default_factory=list)
    kept: Savepoint | None = None

    def progress(self, step: int, steps: int) -> None:
        self.steps.append((step, steps))
        if step == self.cancel_at:
            raise Cancelled

    def check_cancelled(self) -> None:
        """Only `progress` is told when to cancel."""

    def preview(self, jpeg: bytes) -> None:
        self.previews.append(jpeg)

    def report(self, report: Mapping[str, Any]) -> None:
        self.reports.append(report)

    def model_path(self, folder: str, name: str) -> Path:
        return ROOT / folder / name

    def new_model_path(self, folder: str, name: str) -> Path:
        return self.inputs / name

    def input_path(self, name: str) -> Path:
        return self.inputs / name

    def save(self, name: str, data: bytes, *, width: int, height: int, temporary: bool = False) -> None:
        self.files.append((name, data, width, height, temporary))

    def savepoint(self) -> Savepoint | None:
        return self.kept

    def document(self) -> dict[str, Any]:
        return {"format": "patchloom/1", "title": "Bäume"}
