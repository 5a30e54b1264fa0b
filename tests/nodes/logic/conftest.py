"""An executor with folders of its own."""

from pathlib import Path

import pytest

from app.execution.cache import ResultCache
from app.execution.executor import Executor
from app.execution.files import Folders
from app.graph import catalog
from app.graph.catalog import Catalog
from nodes.logic import compare, join_text, repeat_end, repeat_start, repeat_while

LOGIC = [catalog.spec_in(module) for module in (compare, join_text, repeat_end, repeat_start, repeat_while)]
NODES = Catalog({**catalog.find(("tests.plain.nodes",)).specs, **{entry.id: entry for entry in LOGIC}})


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "output", tmp_path / "temp", tmp_path / "input", {})


@pytest.fixture
def executor(folders: Folders) -> Executor:
    return Executor(NODES, ResultCache(10**6), folders)
