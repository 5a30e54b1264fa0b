"""Saved workflows with their revisions: autosave writes here, and nothing saved is lost by the next save."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.store.database import Database

QUIET = 30.0  # seconds: of the autosaves within such a span only the last is kept as a revision


class Outdated(Exception):
    """Somebody else saved since the client read; `current` is the revision now."""

    def __init__(self, current: int) -> None:
        super().__init__(f"the workflow is at revision {current} now")
        self.current = current


@dataclass(frozen=True)
class SavedWorkflow:
    """A workflow as listed; the document is read apart."""

    id: str
    title: str
    revision: int
    updated: float

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "title": self.title, "revision": self.revision, "updated": self.updated}


class Workflows:
    """All saved workflows."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def all(self) -> list[SavedWorkflow]:
        """Return all workflows, newest first."""
        rows = self.database.rows("SELECT * FROM workflows ORDER BY updated DESC")
        return [SavedWorkflow(**dict(row)) for row in rows]

    def get(self, id: str) -> SavedWorkflow:
        """Return one workflow; raises KeyError when there is none."""
        row = self.database.row("SELECT * FROM workflows WHERE id = ?", id)
        if row is None:
            raise KeyError(id)
        return SavedWorkflow(**dict(row))

    def document(self, id: str, revision: int) -> dict[str, Any]:
        """Return the document of a revision; raises KeyError when it is not kept."""
        row = self.database.row(
            "SELECT document FROM revisions WHERE workflow = ? AND revision = ?", id, revision
        )
        if row is None:
            raise KeyError(f"{id} revision {revision}")
        return dict(json.loads(row["document"]))

    def revisions(self, id: str) -> list[dict[str, Any]]:
        """Return the kept revisions, newest first."""
        rows = self.database.rows(
            "SELECT revision, title, updated FROM revisions WHERE workflow = ? ORDER BY revision DESC", id
        )
        return [dict(row) for row in rows]

    def add(self, title: str, document: Mapping[str, Any]) -> SavedWorkflow:
        """Save a new workflow as its revision 1."""
        id, now = secrets.token_hex(6), time.time()
        with self.database.transaction() as connection:
            connection.execute("INSERT INTO workflows VALUES (?, ?, 1, ?)", (id, title, now))
            connection.execute(
                "INSERT INTO revisions VALUES (?, 1, ?, ?, ?)", (id, title, json.dumps(document), now)
            )
        return self.get(id)

    def save(
        self, id: str, title: str, document: Mapping[str, Any], base: int, *, keep: bool = False
    ) -> SavedWorkflow:
        """Save over revision `base`, if anything changed; raises Outdated when that is not the newest.

        With `keep`, that revision stays however young it is: somebody else made it.
        """
        with self.database.transaction() as connection:
            current = self.get(id)
            if current.revision != base:
                raise Outdated(current.revision)
            if current.title == title and self.document(id, base) == json.loads(json.dumps(document)):
                return current
            now, revision = time.time(), base + 1
            if not keep:
                self.thin(id, base)
            connection.execute(
                "UPDATE workflows SET title = ?, revision = ?, updated = ? WHERE id = ?",
                (title, revision, now, id),
            )
            connection.execute(
                "INSERT INTO revisions VALUES (?, ?, ?, ?, ?)",
                (id, revision, title, json.dumps(document), now),
            )
        return self.get(id)

    def thin(self, id: str, newest: int) -> None:
        """Drop the revision about to be followed when it came within `QUIET` seconds of the one before it."""
        with self.database.transaction() as connection:
            connection.execute(
                "DELETE FROM revisions WHERE workflow = ?1 AND revision = ?2 AND updated - "
                "(SELECT max(updated) FROM revisions WHERE workflow = ?1 AND revision < ?2) < ?3",
                (id, newest, QUIET),
            )

    def delete(self, id: str) -> None:
        """Delete a workflow and its revisions."""
        with self.database.transaction() as connection:
            connection.execute("DELETE FROM workflows WHERE id = ?", (id,))
