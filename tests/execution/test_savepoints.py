import os
import time
from pathlib import Path

import pytest

from app.execution import savepoints
from app.execution.savepoints import WEEK, Savepoints


def test_what_is_put_can_be_got_until_cleared(tmp_path: Path) -> None:
    place = Savepoints(tmp_path / "savepoints", 5, 0).of("key", 0)
    assert place.get("state") is None and place.every == 5
    place.put("state", b"one")
    place.put("state", b"two")
    assert place.get("state") == b"two"
    assert [path.name for path in place.folder.iterdir()] == ["state"], "no part of a file is left"
    other = Savepoints(tmp_path / "savepoints", 5, 0).of("key", 1)
    assert other.get("state") is None, "each element of a list has a place of its own"
    place.clear()
    place.clear()
    assert place.get("state") is None and not place.folder.exists()


@pytest.mark.parametrize("name", ["../state", "a/b", "", "A", "a b", "a.b"])
def test_only_short_plain_names(tmp_path: Path, name: str) -> None:
    with pytest.raises(ValueError, match="no short name"):
        Savepoints(tmp_path, 5, 0).of("key", 0).put(name, b"")


def test_leftovers_go_after_a_week_or_when_room_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = Savepoints(tmp_path / "savepoints", 5, 0)
    kept.sweep()
    now = time.time()
    for key, age in (("old", WEEK + 60), ("big", 60), ("new", 0)):
        kept.of(key, 0).put("state", bytes(100))
        os.utime(kept.of(key, 0).folder, (now - age, now - age))
    kept.sweep()
    assert {path.name for path in kept.folder.iterdir()} == {"big-0", "new-0"}
    monkeypatch.setattr(savepoints, "ROOM", 150)
    kept.sweep()
    assert {path.name for path in kept.folder.iterdir()} == {"new-0"}
