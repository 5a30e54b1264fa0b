from dataclasses import replace
from math import log

import pytest
import torch

from app.engine.sites import Heads, dense
from app.engine.tokens import Layout
from nodes.attention.proportional_attention import ProportionalAttention, proportional_attention
from tests.nodes.attention.masked import IMAGE, JOINT, at, attend, operands
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import WITH_SCORES, build


@pytest.mark.parametrize("given", [None, 0.2])
@pytest.mark.parametrize("strength", [1.0, 0.5])
def test_the_scale_is_that_of_the_papers(given: float | None, strength: float) -> None:
    """sqrt(log(tokens, trained) / d) at strength 1; text does not count."""
    heads = replace(operands(105), scale=given)
    patch, layout = ProportionalAttention(16, strength), Layout((1, 10, 10), 5)
    found = patch.wrap_attention(at(layout), patch.new_memory(), JOINT, heads, attend)
    usual = 8**-0.5 if given is None else given
    assert close(found, dense(replace(heads, scale=usual * (log(100) / log(16)) ** (strength / 2))))


@pytest.mark.parametrize("trained", [100, 200])
def test_a_picture_no_larger_than_trained_stays_as_it_is(trained: int) -> None:
    patch, heads, seen = ProportionalAttention(trained, 1.0), operands(100), []
    patch.wrap_attention(at(Layout((1, 10, 10), 0)), patch.new_memory(), IMAGE, heads, seen_by(seen))
    assert seen == [heads]


def seen_by(seen: list[Heads]) -> object:
    def call(heads: Heads) -> torch.Tensor:
        seen.append(heads)
        return heads.query

    return call


@pytest.mark.parametrize("family", WITH_SCORES)
def test_every_family_says_by_how_much(family: str) -> None:
    model, watcher = build(family), Recorder()
    assert not torch.equal(run(model.with_patch(ProportionalAttention(8, 1.0)), watcher), run(model))
    tokens = 144 if model.family.latent.frames else 48
    assert watcher.reports[0]["factor"] == pytest.approx((log(tokens) / log(8)) ** 0.5)


def test_the_node_takes_the_size_that_the_model_was_trained_for() -> None:
    model = build("flux")
    assert proportional_attention(model).patches == (ProportionalAttention(64 * 64, 1.0),)
    small = replace(model, size=(128, 256))
    assert proportional_attention(small).patches == (ProportionalAttention(8 * 16, 1.0),)
    assert proportional_attention(model, tokens=300).patches == (ProportionalAttention(300, 1.0),)
