"""Assets: the pictures that runs made, for the gallery. The files themselves lie in the folders."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.execution.events import SavedFile
from app.store.database import Database


@dataclass(frozen=True)
class Asset:
    """A file a run made: where it lies, who made it, its size in pixels."""

    id: int
    job: str
    node: str
    folder: Literal["output", "temp"]
    name: str
    width: int
    height: int
    created: float

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Assets:
    """All known result files."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, job: str, node: str, file: SavedFile) -> Asset:
        """Record a file that was just written; an entry for a deleted file of that name is replaced."""
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO assets (job, node, folder, name, width, height, created) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                (job, node, file.folder, file.name, file.width, file.height, time.time()),
            )
        return self.find(file.folder, file.name)

    def find(self, folder: str, name: str) -> Asset:
        """Return the entry of a file; raises KeyError when there is none."""
        row = self.database.row("SELECT * FROM assets WHERE folder = ? AND name = ?", folder, name)
        if row is None:
            raise KeyError(f"{folder}/{name}")
        return Asset(**dict(row))

    def page(self, limit: int, before: int | None = None, folder: str = "output") -> list[Asset]:
        """Return assets, newest first, those older than the asset `before` only."""
        rows = self.database.rows(
            "SELECT * FROM assets WHERE id < ? AND folder = ? ORDER BY id DESC LIMIT ?",
            before or 2**62,
            folder,
            limit,
        )
        return [Asset(**dict(row)) for row in rows]

    def forget(self, folder: str) -> None:
        """Forget the assets of a folder that was emptied."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM assets WHERE folder = ?", (folder,))
