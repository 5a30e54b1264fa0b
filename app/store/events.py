"""The event log: everything that happened, in order, so that any client can catch up."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from app.execution import events
from app.execution.events import Event
from app.store.database import Database

PAGE = 500


@dataclass(frozen=True)
class Record:
    """An event with its place in the log."""

    seq: int
    job: str | None
    time: float
    body: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        return {"seq": self.seq, "job": self.job, "time": self.time, **self.body}


class EventLog:
    """Append-only, except that deleting a job deletes its events."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def add(self, event: Event, job: str | None = None) -> Record:
        """Append an event and return it with its sequence number."""
        body, now = events.to_json(event), round(time.time(), 3)
        statement = "INSERT INTO events (job, time, type, body) VALUES (?, ?, ?, ?)"
        cursor = self.database.change(statement, job, now, body["type"], json.dumps(body))
        return Record(cursor.lastrowid or 0, job, now, body)

    def last_seq(self) -> int:
        row = self.database.row("SELECT max(seq) AS seq FROM events")
        return int(row["seq"] or 0) if row else 0

    def after(self, seq: int) -> Iterator[Record]:
        """Return all events later than `seq`, in order, read in pages."""
        while True:
            page = self.database.rows("SELECT * FROM events WHERE seq > ? ORDER BY seq LIMIT ?", seq, PAGE)
            yield from (record_of(row) for row in page)
            if len(page) < PAGE:
                return
            seq = page[-1]["seq"]

    def of_open_jobs(self) -> list[Record]:
        """Return the events of queued and running jobs: all that a fresh client needs."""
        rows = self.database.rows(
            "SELECT events.* FROM events JOIN jobs ON jobs.id = events.job "
            "WHERE jobs.status IN ('queued', 'running') ORDER BY seq"
        )
        return [record_of(row) for row in rows]

    def of_job(self, job: str, type: str | None = None) -> list[Record]:
        """Return the events of a job, of one type or all."""
        query = "SELECT * FROM events WHERE job = ?1 AND (?2 IS NULL OR type = ?2) ORDER BY seq"
        rows = self.database.rows(query, job, type)
        return [record_of(row) for row in rows]


def record_of(row: sqlite3.Row) -> Record:
    return Record(row["seq"], row["job"], row["time"], json.loads(row["body"]))
