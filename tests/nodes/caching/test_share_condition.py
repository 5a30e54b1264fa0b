"""Steps that share a condition run the decoder alone."""

import pytest
import torch

from app.graph.problem import Refusal
from nodes.caching.first_block_cache import FirstBlockCache
from nodes.caching.share_condition import ShareCondition, share_condition
from tests.tiny.recorder import Recorder
from tests.tiny.runs import run
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import build

ENCODER = 2  # blocks


def computed(watcher: Recorder) -> list[str]:
    return list(watcher.reports[0]["grid"])


def test_encoder_calls_are_the_chosen_steps() -> None:
    model, watcher = build("ddt"), Recorder()
    run(model.with_patch(ShareCondition(3)), watcher)
    assert computed(watcher) == ["cc", "rr", "rr", "cc"]
    watcher = Recorder()
    run(share_condition(model, steps="2"), watcher)
    assert computed(watcher) == ["cc", "rr", "cc", "rr"]


def test_interval_one_is_bit_equal_and_a_constant_condition_costs_nothing() -> None:
    model = build("ddt")
    plain = run(model)
    assert torch.equal(run(model.with_patch(ShareCondition(1))), plain)
    assert not torch.equal(run(model.with_patch(ShareCondition(4))), plain)


def test_it_goes_with_a_cache_of_the_decoder() -> None:
    model = build("ddt")
    both = model.with_patch(ShareCondition(2)).with_patch(FirstBlockCache(0))
    assert torch.equal(run(both), run(model.with_patch(ShareCondition(2))))


def test_a_model_without_such_an_encoder_is_refused() -> None:
    with pytest.raises(Refusal, match="no blocks that make a condition"):
        share_condition(build("flux"), 2)


def test_steps_must_be_numbers() -> None:
    with pytest.raises(Refusal, match="'soon'"):
        share_condition(build("ddt"), steps="soon")
