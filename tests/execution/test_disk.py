from pathlib import Path

import pytest

from app.execution import disk
from app.execution.cache import ResultCache
from app.execution.context import Caller
from app.execution.disk import DiskCache, pack, unpack
from app.execution.events import Event, NodeFinished, SavedFile
from app.execution.executor import Executor
from app.execution.files import Folders
from app.execution.result import NodeResult
from app.graph import catalog
from tests.documents import workflow
from tests.plain.nodes.plain.slow_words import Words

PLAIN = catalog.find(("tests.plain.nodes",))
DEAR = 0.4  # seconds: longer than a busy machine keeps a quick node from its end


@pytest.fixture(autouse=True)
def dear(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disk, "DEAR", DEAR)


def new_process(base: Path) -> Executor:
    """An executor with an empty memory, as after a restart."""
    folders = Folders(base / "output", base / "temp", base / "input", {})
    return Executor(PLAIN, ResultCache(10_000, DiskCache(base / "results", 10_000)), folders)


def ran(executor: Executor, text: str, pause: float = DEAR) -> dict[str, bool]:
    nodes = {"w": ("slow_words", {"text": text, "pause": pause}), "l": "length", "t": "total", "s": "show"}
    told: list[Event] = []
    edges = ("w.words > l.words", "l.int > t.values", "t.int > s.value")
    assert executor.run(workflow(nodes, *edges), Caller(told.append)).status == "done"
    return {event.node: event.cached for event in told if isinstance(event, NodeFinished)}


def test_dear_results_outlive_the_process(tmp_path: Path) -> None:
    assert ran(new_process(tmp_path), "two words") == {"w": False, "l": False, "t": False, "s": False}
    assert ran(new_process(tmp_path), "two words") == {"w": True, "l": False, "t": False, "s": False}
    assert (tmp_path / "output" / "show_00002.png").read_bytes().endswith(b"8 ")


def test_cheap_results_are_not_written(tmp_path: Path) -> None:
    ran(new_process(tmp_path), "a b", pause=0.0)
    assert not list((tmp_path / "results").iterdir())


def test_values_come_back_as_they_were() -> None:
    result = NodeResult(
        {"words": [Words("ä"), Words("")]}, (SavedFile("output", "a.png", 1, 2),), ({"technique": "t"},)
    )
    spec = PLAIN.specs["slow_words"]
    data = pack(result, spec)
    assert data is not None and unpack(data, spec) == result
    assert pack(NodeResult({"words": [object()]}), spec) is None
    assert pack(NodeResult({"int": [Words("of another kind than declared")]}), PLAIN.specs["number"]) is None


def test_old_files_leave_when_the_room_is_short(tmp_path: Path) -> None:
    disk = DiskCache(tmp_path, 1_000)
    for number in range(20):
        disk.put(f"{number}", PLAIN.specs["number"], NodeResult({"int": ["x" * 100]}), 1.0)
    kept = {path.name for path in tmp_path.iterdir()}
    assert "19" in kept and "0" not in kept
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) == disk.used <= 1_000
    assert DiskCache(tmp_path, 1_000).used == disk.used


@pytest.mark.parametrize("damage", [b"", b"\0" * 20, b"\x05\0\0\0\0\0\0\0hello"])
def test_a_damaged_file_is_no_result(tmp_path: Path, damage: bytes) -> None:
    disk = DiskCache(tmp_path, 1_000)
    (tmp_path / "key").write_bytes(damage)
    assert disk.get("key", PLAIN.specs["slow_words"]) is None
    assert not (tmp_path / "key").exists()
