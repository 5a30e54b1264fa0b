import sqlite3
from collections import Counter
from pathlib import Path

import pytest

from tests.server.kills import mixed_load


@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_lost_or_doubled_whoever_is_killed(tmp_path: Path, seed: int) -> None:
    counts = mixed_load(tmp_path, jobs=24, kills=6, seed=seed)
    assert counts["done"] >= 24 - 6 - 6, "six jobs fail by themselves, and at most one for each kill"
    with sqlite3.connect(tmp_path / "user" / "patchloom.db") as database:
        ends = Counter(
            job for (job,) in database.execute("SELECT job FROM events WHERE type = 'job_finished'")
        )
        numbers = [seq for (seq,) in database.execute("SELECT seq FROM events ORDER BY seq")]
    database.close()
    assert set(ends.values()) == {1} and len(ends) == 24
    assert numbers == list(range(1, len(numbers) + 1)), "the event log has no gap"
