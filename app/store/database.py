"""One SQLite file: write-ahead log, foreign keys, numbered migrations, transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path


class NewerDatabase(Exception):
    """The file was written by a later version, which may have changed what this one does not know."""


class Database:
    """The open file. Used from one thread only; changes go through `change` or inside `transaction`."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = sqlite3.connect(path, isolation_level=None)
        self.connection.row_factory = sqlite3.Row
        for pragma in (
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
            "busy_timeout = 5000",
        ):
            self.connection.execute(f"PRAGMA {pragma}")
        self.migrate()

    def change(self, statement: str, *values: object) -> sqlite3.Cursor:
        """Make one change: a transaction of its own, or part of the one it is inside of."""
        return self.connection.execute(statement, values)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Make all changes inside happen together or not at all; may be nested."""
        if self.connection.in_transaction:
            yield self.connection
            return
        self.connection.execute("BEGIN IMMEDIATE")
        try:
            yield self.connection
        except BaseException:
            self.connection.execute("ROLLBACK")
            raise
        self.connection.execute("COMMIT")

    def migrate(self) -> None:
        """Apply the migrations that this file has not seen; their number is kept in `user_version`."""
        done: int = self.connection.execute("PRAGMA user_version").fetchone()[0]
        scripts = sorted(
            (
                entry
                for entry in files("app.store").joinpath("migrations").iterdir()
                if entry.name.endswith(".sql")
            ),
            key=lambda entry: entry.name,
        )
        if done > len(scripts):
            raise NewerDatabase(f"the database is of version {done}, this program knows {len(scripts)}")
        for script in scripts:
            number = int(script.name.split("_")[0])
            if number > done:
                steps = f"{script.read_text(encoding='utf-8')} PRAGMA user_version = {number};"
                self.connection.executescript(f"BEGIN IMMEDIATE; {steps} COMMIT;")

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        return self.connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        found: sqlite3.Row | None = self.connection.execute(query, values).fetchone()
        return found

    def close(self) -> None:
        self.connection.close()
