"""Jobs: queued, running, finished. Every change of a job is written together with its event."""

from __future__ import annotations

import json
import secrets
import sqlite3
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from app.execution.events import JobFinished, JobQueued, Status
from app.store.database import Database
from app.store.events import EventLog, Record

TURN = "ORDER BY priority DESC, rank"
HIGHEST_PRIORITY = 100
ATTEMPTS = 3  # a job that was running when the server died this many times is not tried again


@dataclass(frozen=True)
class Job:
    """A run that waits, goes on or has ended. Times in seconds since 1970.

    Jobs of a higher `priority` run first; `workflow` is the id of the saved workflow it came from, if any.
    """

    id: str
    title: str
    status: Status
    priority: int
    workflow: str | None
    created: float
    started: float | None
    finished: float | None
    duration: float | None
    problem: Annotated[Mapping[str, Any] | None, "Problem | null"]

    def to_json(self) -> dict[str, Any]:
        return dict(vars(self))


@dataclass(frozen=True)
class NewJob:
    """What is asked for: a document as it is now; later edits of the workflow do not reach it.

    Attributes:
        title: Shown in the queue.
        document: The document as JSON.
        targets: The nodes to run for; none means all outputs.
        priority: Jobs of a higher one run first.
        workflow: Id of the saved workflow that the document is of.
        id: A wish for the job's id; None makes one up.
        rank: Place among jobs of the same priority, the lowest first; None is behind all others.
    """

    title: str
    document: Mapping[str, Any]
    targets: Sequence[str] = ()
    priority: int = 0
    workflow: str | None = None
    id: str | None = None
    rank: float | None = None


class Jobs:
    """The queue and its history."""

    def __init__(self, database: Database, log: EventLog) -> None:
        self.database, self.log = database, log

    def add(self, new: NewJob) -> tuple[Job, Record]:
        """Queue a document."""
        now = time.time()
        id = new.id or f"{time.strftime('%Y%m%d-%H%M%S', time.localtime(now))}-{secrets.token_hex(3)}"
        texts = json.dumps(new.document), json.dumps(list(new.targets))
        with self.database.transaction() as connection:
            connection.execute(
                "INSERT INTO jobs (id, title, document, targets, status, created, priority, workflow, rank) "
                "VALUES (?, ?, ?, ?, 'queued', ?, ?, ?, "
                "coalesce(?, (SELECT seq FROM sqlite_sequence WHERE name = 'jobs') + 1, 1))",
                (id, new.title, *texts, now, new.priority, new.workflow, new.rank),
            )
            record = self.log.add(JobQueued(new.title), id)
        return self.get(id), record

    def get(self, id: str) -> Job:
        """Return a job; raises KeyError when there is none."""
        row = self.database.row("SELECT * FROM jobs WHERE id = ?", id)
        if row is None:
            raise KeyError(id)
        return job_of(row)

    def document(self, id: str) -> dict[str, Any]:
        """Return the document as it was queued."""
        row = self.database.row("SELECT document FROM jobs WHERE id = ?", id)
        if row is None:
            raise KeyError(id)
        return dict(json.loads(row["document"]))

    def targets(self, id: str) -> list[str]:
        row = self.database.row("SELECT targets FROM jobs WHERE id = ?", id)
        return list(json.loads(row["targets"])) if row else []

    def number(self, id: str) -> int:
        """Return the place of a job in the order of queueing."""
        row = self.database.row("SELECT number FROM jobs WHERE id = ?", id)
        return int(row["number"]) if row else 0

    def page(
        self, limit: int, before: str | None = None, status: str | None = None, search: str = ""
    ) -> list[Job]:
        """Return jobs, newest first: those queued before the job `before`, with `search` in the title."""
        number = self.database.row("SELECT number FROM jobs WHERE id = ?", before) if before else None
        rows = self.database.rows(
            "SELECT * FROM jobs WHERE number < ?1 AND (?2 IS NULL OR status = ?2) "
            "AND instr(lower(title), lower(?3)) ORDER BY number DESC LIMIT ?4",
            number["number"] if number else 2**62,
            status,
            search,
            limit,
        )
        return [job_of(row) for row in rows]

    def next(self) -> Job | None:
        """Return the job whose turn is next; None while the queue is paused."""
        row = self.database.row(f"SELECT * FROM jobs WHERE status = 'queued' {TURN} LIMIT 1")
        return job_of(row) if row and not self.paused else None

    def order(self) -> list[str]:
        """Return the waiting jobs, the next one first."""
        rows = self.database.rows(f"SELECT id FROM jobs WHERE status = 'queued' {TURN}")
        return [row["id"] for row in rows]

    def move(self, id: str, before: str | None) -> None:
        """Let a waiting job run before another one, or last; nothing happens when either does not wait.

        It takes the priority of the jobs it comes among.
        """
        order = [waiting for waiting in self.order() if waiting != id]
        if len(order) == self.queued() or (before is not None and before not in order):
            return
        beside = before or next(reversed(order), id)
        order.insert(len(order) if before is None else order.index(before), id)
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET priority = (SELECT priority FROM jobs WHERE id = ?) WHERE id = ?",
                (beside, id),
            )
            ranks = sorted(
                row["rank"] for row in self.database.rows("SELECT rank FROM jobs WHERE status = 'queued'")
            )
            connection.executemany("UPDATE jobs SET rank = ? WHERE id = ?", zip(ranks, order, strict=True))

    @property
    def paused(self) -> bool:
        """Whether waiting jobs stay where they are; kept over restarts."""
        row = self.database.row("SELECT value FROM settings WHERE name = 'paused'")
        return row is not None and row["value"] == "yes"

    def pause(self, paused: bool) -> None:
        value = "yes" if paused else "no"
        self.database.change("INSERT OR REPLACE INTO settings VALUES ('paused', ?)", value)

    def queued(self) -> int:
        row = self.database.row("SELECT count(*) AS n FROM jobs WHERE status = 'queued'")
        return int(row["n"]) if row else 0

    def start(self, id: str) -> None:
        statement = "UPDATE jobs SET status = 'running', started = ?, attempts = attempts + 1 WHERE id = ?"
        self.database.change(statement, time.time(), id)

    def finish(self, id: str, end: JobFinished) -> Record:
        """Write the end of a job and its event in one go."""
        problem = json.dumps(end.problem) if end.problem else None
        with self.database.transaction() as connection:
            connection.execute(
                "UPDATE jobs SET status = ?, finished = ?, duration = ?, problem = ? WHERE id = ?",
                (end.status, time.time(), end.duration, problem, id),
            )
            return self.log.add(end, id)

    def requeue_interrupted(self) -> list[str]:
        """Queue again what ran when the server ended; return jobs that have used up their attempts."""
        with self.database.transaction() as connection:
            worn = connection.execute(
                "SELECT id FROM jobs WHERE status = 'running' AND attempts >= ?", (ATTEMPTS,)
            ).fetchall()
            connection.execute(
                "UPDATE jobs SET status = 'queued', started = NULL WHERE status = 'running' AND attempts < ?",
                (ATTEMPTS,),
            )
        return [row["id"] for row in worn]

    def delete(self, id: str) -> None:
        """Forget a job and its events; its files stay."""
        self.database.change("DELETE FROM jobs WHERE id = ?", id)


def job_of(row: sqlite3.Row) -> Job:
    names = ("id", "title", "status", "priority", "workflow", "created", "started", "finished", "duration")
    problem = json.loads(row["problem"]) if row["problem"] else None
    return Job(**{name: row[name] for name in names}, problem=problem)
