"""Run prompts with the packs of `tests/interop/packs` in this process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.config import Settings
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.events import AssetAdded, Event, JobFinished, NodeFinished, NodeReported
from app.execution.executor import Executor
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.check import check
from app.interop import documents
from app.interop.packs.load import with_packs
from app.interop.packs.shims.install import MODULES, PACKAGES

PACKS = Path(__file__).with_name("packs")
SHIMS = {*MODULES, *PACKAGES, "folder_paths", "nodes"}


def node(class_type: str, **inputs: Any) -> dict[str, Any]:
    """Write a node of a prompt."""
    return {"class_type": class_type, "inputs": inputs}


@dataclass
class Ran:
    """What a run told: its events, and the texts, pictures and problem found in them."""

    end: JobFinished
    told: list[Event]
    texts: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for event in self.told:
            if isinstance(event, NodeReported) and "ui" in event.report:
                self.texts.setdefault(event.node, []).extend(event.report["ui"]["text"])

    @property
    def problem(self) -> str:
        assert self.end.problem is not None, self.end
        return f"{self.end.problem['node']}: {self.end.problem['message']} {self.end.problem['remedy']}"

    @property
    def pictures(self) -> list[Any]:
        return [event.asset for event in self.told if isinstance(event, AssetAdded)]

    def finished(self) -> dict[str, bool]:
        """Return the nodes that have results: whether they are from the cache."""
        return {event.node: event.cached for event in self.told if isinstance(event, NodeFinished)}


@dataclass
class Shop:
    """All nodes with those of the packs, and an executor that keeps results."""

    nodes: Catalog
    settings: Settings
    executor: Executor

    def run(self, prompt: dict[str, Any], caller: Caller | None = None) -> Ran:
        told: list[Event] = []
        document = documents.read_json(prompt, self.nodes)
        end = self.executor.run(document, caller or Caller(told.append))
        return Ran(end, told)

    def said(self, prompt: dict[str, Any], end: tuple[str, int] = ("1", 0)) -> list[str]:
        """Run a prompt and return what the value of an output looks like, element by element."""
        ran = self.run({**prompt, "say": node("PlainSay", value=list(end))})
        assert ran.end.status == "done", ran.end
        return ran.texts["say"]

    def refused(self, prompt: dict[str, Any], end: tuple[str, int] = ("1", 0)) -> list[str]:
        """Return what keeps a prompt from running."""
        document = documents.read_json({**prompt, "say": node("PlainSay", value=list(end))}, self.nodes)
        found = check(document, self.nodes, self.settings.folders.choices)
        return [problem.message for problem in found if problem.severity == "error"]


@contextmanager
def open_shop(base: Path, packages: tuple[str, ...], *places: Path) -> Iterator[Shop]:
    """Load packs, and take everything they brought out of `sys.modules` again at the end."""
    before = {name: sys.modules.get(name) for name in SHIMS}
    settings = Settings(base)
    try:
        nodes = with_packs(catalog.find(packages), list(map(str, places)), settings.folders)
        yield Shop(nodes, settings, Executor(nodes, ResultCache(2**28), settings.folders))
    finally:
        for name in [name for name in sys.modules if name in SHIMS or name.startswith("patchloom_pack_")]:
            del sys.modules[name]
        sys.modules.update({name: module for name, module in before.items() if module is not None})
