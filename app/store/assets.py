"""Assets: the pictures that runs made, for the gallery. The files themselves lie in the folders."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from app.execution.context import Claim
from app.execution.events import Folder, SavedFile
from app.execution.files import VIDEO_SUFFIXES, Folders, Numbering, part_of
from app.store.database import Database

FIELDS = "id, job, node, folder, name, width, height, created"


@dataclass(frozen=True)
class Asset:
    """A file a run made: where it lies, who made it, its size in pixels."""

    id: int
    job: str
    node: str
    folder: Folder
    name: str
    width: int
    height: int
    created: float

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


class Assets:
    """All known result files. A name is claimed before its file is there; till then `width` is null."""

    def __init__(self, database: Database, folders: Folders) -> None:
        self.database, self.folders = database, folders
        self.numbering = Numbering()

    def claim(self, job: str, wish: Claim) -> str:
        """Return the name for a file that a job will write: the same one when the job is run again."""
        query = "SELECT name FROM assets WHERE job = ? AND node = ? AND position = ?"
        row = self.database.row(query, job, wish.node, wish.index)
        if row is not None:
            return str(row["name"])
        name = self.numbering.claim(self.folders.by_name(wish.folder), wish.template)
        # an entry of that name can only be of a file that somebody deleted
        self.database.change(
            "INSERT OR REPLACE INTO assets (job, node, position, folder, name, created) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            *(job, wish.node, wish.index, wish.folder, name, time.time()),
        )
        return name

    def written(self, file: SavedFile, job: str, node: str) -> Asset:
        """Note that a file is there: one whose name was claimed, or one that a node named itself."""
        now, place = time.time(), (file.folder, file.name)
        with self.database.transaction() as connection:
            claimed = connection.execute(
                "UPDATE assets SET width = ?, height = ?, created = ? WHERE folder = ? AND name = ?",
                (file.width, file.height, now, *place),
            ).rowcount
            if not claimed:
                connection.execute(
                    "INSERT INTO assets (job, node, position, folder, name, width, height, created) "
                    "VALUES (?, ?, "
                    "(SELECT coalesce(max(position), -1) + 1 FROM assets WHERE job = ? AND node = ?), "
                    "?, ?, ?, ?, ?)",
                    (job, node, job, node, *place, file.width, file.height, now),
                )
        return self.find(file.folder, file.name)

    def release(self, job: str) -> None:
        """Give back the names that a finished job claimed and did not use."""
        unused = "FROM assets WHERE job = ? AND width IS NULL"
        for row in self.database.rows(f"SELECT folder, name {unused}", job):
            path = self.folders.by_name(row["folder"]) / row["name"]
            path.unlink(missing_ok=True)
            part_of(path).unlink(missing_ok=True)
        self.database.change(f"DELETE {unused}", job)

    def find(self, folder: str, name: str) -> Asset:
        """Return the entry of a file; raises KeyError when there is none."""
        row = self.database.row(f"SELECT {FIELDS} FROM assets WHERE folder = ? AND name = ?", folder, name)
        if row is None:
            raise KeyError(f"{folder}/{name}")
        return Asset(**dict(row))

    def page(
        self, limit: int, before: int | None = None, folder: str = "output", kind: str = "", search: str = ""
    ) -> list[Asset]:
        """Return assets, newest first: those older than the asset `before`, of one kind (all by default).

        `search` is looked for in names, and in the titles and documents of the jobs that made them: prompts.
        """
        moving = " OR ".join(f"lower(name) LIKE '%{suffix}'" for suffix in sorted(VIDEO_SUFFIXES))
        kinds = {"": "1", "videos": f"({moving})", "images": f"NOT ({moving})"}
        told = "(SELECT title || ' ' || document FROM jobs WHERE id = assets.job)"
        rows = self.database.rows(
            f"SELECT {FIELDS} FROM assets WHERE id < ?1 AND folder = ?2 AND width NOT NULL AND {kinds[kind]} "
            f"AND (?3 = '' OR instr(lower(name || ' ' || coalesce({told}, '')), lower(?3))) "
            "ORDER BY id DESC LIMIT ?4",
            before or 2**62,
            folder,
            search,
            limit,
        )
        return [Asset(**dict(row)) for row in rows]

    def forget(self, folder: str) -> None:
        """Forget the assets of a folder that was emptied."""
        self.database.change("DELETE FROM assets WHERE folder = ?", folder)
