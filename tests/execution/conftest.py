from pathlib import Path

import pytest

from app.execution.cache import ResultCache
from app.execution.executor import Executor
from app.execution.files import Folders
from tests.execution.runs import PLAIN


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(
        tmp_path / "output", tmp_path / "temp", tmp_path / "input", {"models": (tmp_path / "models",)}
    )


@pytest.fixture
def executor(folders: Folders) -> Executor:
    return Executor(PLAIN, ResultCache(10_000), folders)
