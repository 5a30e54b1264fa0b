"""A file of results: lines are kept as they come, so that a run that is cut off loses nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def write(path: Path, lines: Iterable[str]) -> None:
    """Print lines and keep them in `path.part`, which takes the place of `path` when all are there."""
    path.parent.mkdir(exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    with part.open("w", encoding="utf-8") as file:
        for line in lines:
            print(line, flush=True)
            print(line, file=file, flush=True)
    part.replace(path)
