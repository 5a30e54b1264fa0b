"""What runs documents: one catalogue, one cache, one set of folders, and the memory of one device."""

from __future__ import annotations

from dataclasses import dataclass, field

from app.execution.cache import ResultCache
from app.execution.files import Folders
from app.execution.lanes import Lanes
from app.execution.memory import Keeper
from app.execution.savepoints import Savepoints
from app.graph.catalog import Catalog

GRACE = 2.0  # seconds that a node over its time limit has to stop by itself


@dataclass(frozen=True)
class Machine:
    """Where runs take place; `keeper` knows models and their memory, where nodes work with any."""

    catalog: Catalog
    cache: ResultCache
    folders: Folders
    savepoints: Savepoints | None = None
    grace: float = GRACE
    lanes: Lanes = field(default_factory=Lanes)
    keeper: Keeper | None = None
