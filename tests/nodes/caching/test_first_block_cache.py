"""Contracts that all techniques share are in tests/contracts/test_techniques.py; here is its own rule."""

import pytest
import torch

from app.engine.tokens import Tokens
from nodes.caching.first_block_cache import FirstBlockCache, largest_change
from tests.nodes.caching.toy import Toy
from tests.tiny.recorder import Recorder
from tests.tiny.runs import STEPS, guided, run
from tests.tiny.zoo import ZOO, build


@pytest.mark.parametrize("family", ZOO)
def test_a_high_threshold_computes_the_first_step_only(family: str) -> None:
    watcher = Recorder()
    run(build(family).with_patch(FirstBlockCache(1e9)), watcher)
    (report,) = watcher.reports
    blocks = report["blocks"]
    assert report["grid"] == ["c" * blocks] + ["c" + "r" * (blocks - 1)] * (STEPS - 1)
    assert report["skipped_blocks"] == (blocks - 1) * (STEPS - 1) and report["steps"] == STEPS
    assert report["calls_saved"] == pytest.approx(report["skipped_blocks"] / (blocks * STEPS))


def test_rows_of_two_branches_are_woven_together() -> None:
    watcher, model = Recorder(), build("flux")
    run(model.with_patch(FirstBlockCache(1e9)), watcher, guided(model))
    assert [row.count("r") for row in watcher.reports[0]["grid"]] == [0, 0] + [4] * 2 * (STEPS - 1)


def test_the_picture_that_changed_most_decides_for_its_batch() -> None:
    before = Tokens({"image": torch.ones(2, 3, 4)})
    now = Tokens({"image": torch.stack([torch.ones(3, 4) * 1.1, torch.ones(3, 4) * 0.5])})
    assert largest_change(before, now) == pytest.approx(0.5)


def test_changes_are_summed_up_only_with_accumulate() -> None:
    """Block 0 adds a tenth more at each step, so against the step that ran last 0.1, 0.21, 0.33."""

    def adds(index: int, depth: int) -> float:
        return 1.1**index if depth == 0 else 1.0

    def ran(patch: FirstBlockCache) -> list[int]:
        toy = Toy(patch, adds)
        toy.walk(9)
        return [index for index, depth in toy.calls if depth == 1]

    assert ran(FirstBlockCache(0.25)) == [0, 3, 6]
    assert ran(FirstBlockCache(0.25, accumulate=True)) == [0, 3, 6, 8], "the last step always runs"
    assert ran(FirstBlockCache(0.0, accumulate=True)) == list(range(9))
