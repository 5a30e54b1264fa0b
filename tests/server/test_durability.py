from pathlib import Path

from tests.server.kills import mixed_load


def test_nothing_is_lost_or_doubled_whoever_is_killed(tmp_path: Path) -> None:
    counts = mixed_load(tmp_path, jobs=24, kills=6, seed=1)
    assert counts["server killed in a job"] and counts["worker killed in a job"]
    assert counts["done"] >= 24 - 6 - counts["worker killed in a job"], "six jobs fail by themselves"
