"""What the routes share: settings, store and catalogue."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app import __version__
from app.checkpoints.fitting import fitting
from app.config import Settings
from app.execution.worker import folders_to_json
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.problem import Problem
from app.graph.workflow import Workflow
from app.store.assets import Assets
from app.store.database import Database
from app.store.events import EventLog
from app.store.jobs import Jobs
from app.store.workflows import Workflows


@dataclass
class State:
    """The running server's data. `catalog_complete` is false until the worker has read the node files."""

    settings: Settings
    database: Database
    log: EventLog
    jobs: Jobs
    workflows: Workflows
    assets: Assets
    catalog: Catalog
    catalog_complete: bool
    device: str = "unknown"
    version: str = __version__

    def worker_settings(self) -> dict[str, Any]:
        return {
            "folders": folders_to_json(self.settings.folders),
            "cache_bytes": self.settings.cache_bytes,
            "cache_results": self.settings.cache_results,
            "memory_budget": self.settings.memory_budget,
            "disk_cache": str(self.settings.disk_cache),
            "disk_bytes": self.settings.disk_bytes,
            "savepoints": str(self.settings.savepoints),
            "savepoint_steps": self.settings.savepoint_steps,
            "savepoint_after": self.settings.savepoint_after,
            "packages": self.settings.packages,
            "packs": [str(place) for place in self.settings.packs],
            "deadly": {},
        }

    def check(self, workflow: Workflow, targets: Sequence[str] = ()) -> list[Problem]:
        """Check a document, or what `targets` need of it, against the nodes and files that exist now."""
        folders = self.settings.folders
        return check(workflow, self.catalog, folders.choices, targets, fitting(folders.models))


def open_state(settings: Settings) -> State:
    """Open the store below the user folder and prepare the other folders."""
    database = Database(settings.database)
    log = EventLog(database)
    assets = Assets(database, settings.folders)
    shutil.rmtree(settings.folders.temp, ignore_errors=True)
    assets.forget("temp")
    for folder in (settings.folders.output, settings.folders.input, settings.folders.temp):
        folder.mkdir(parents=True, exist_ok=True)
    stored = catalog.read(settings.stored_catalog, catalog.source_digest(settings.packages, settings.packs))
    return State(
        settings,
        database,
        log,
        Jobs(database, log),
        Workflows(database),
        assets,
        stored or Catalog(),
        stored is not None,
    )
