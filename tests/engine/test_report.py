import torch

from app.engine.report import grid_report, token_map, tokens_report
from app.engine.tokens import Layout

LAYOUT = Layout((2, 2, 3), 4)


def test_branches_are_woven_together_as_the_calls_came() -> None:
    report = grid_report("t", 2, [["cc", "cr"], ["cc", "rr"]])
    assert report["grid"] == ["cc", "cc", "cr", "rr"]
    assert report["skipped_blocks"] == 3 and report["calls_saved"] == 3 / 8


def test_tokens_are_counted_and_placed() -> None:
    computed = [None, torch.tensor([0, 4, 11]), torch.tensor([0, 4])]
    report = tokens_report("t", 3, LAYOUT, computed)
    assert report["tokens"] == 12 and report["tokens_by_call"] == [12, 3, 2]
    assert report["tokens_saved"] == 1 - 17 / 36
    assert report["token_map"] == ["933", "393", "333", "336"], "two frames of two rows"


def test_a_run_that_ended_before_its_first_call() -> None:
    report = tokens_report("t", 0, None, [])
    assert (report["tokens_saved"], report["token_map"]) == (0.0, [])
    assert grid_report("t", 0, [])["calls_saved"] == 0


def test_the_map_is_full_where_every_call_computed() -> None:
    assert token_map(LAYOUT, [None, None]) == ["999"] * 4
