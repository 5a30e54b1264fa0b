"""Squeezed frequencies: what each kind keeps, and that a scale of 1 changes nothing."""

import math
from dataclasses import replace

import pytest
import torch

from app.engine.rope_frequencies import Axis, magnitude
from nodes.attention.rope_scaling import rope_scaling
from tests.tiny.runs import close, run
from tests.tiny.zoo import build

FITV2 = Axis(36, 10000.0, 16, 2.0)  # half a head of the published models, and pictures of 512 pixels
KINDS = ("linear", "stretched", "ntk", "ntk_by_parts", "yarn")


@pytest.mark.parametrize("kind", KINDS)
def test_a_scale_of_one_changes_nothing(kind: str) -> None:
    plain = replace(FITV2, scale=1.0)
    assert torch.allclose(getattr(plain, kind)(), plain.own(), atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
def test_no_frequency_is_squeezed_more_than_the_scale_or_raised(kind: str) -> None:
    share = getattr(FITV2, kind)() / FITV2.own()
    assert (share <= 1 + 1e-9).all() and (share >= 0.5 - 1e-9).all()


def test_ntk_keeps_the_fastest_and_squeezes_the_slowest_by_the_scale() -> None:
    share = FITV2.ntk() / FITV2.own()
    assert share[0] == 1 and share[-1] == pytest.approx(0.5)


@pytest.mark.parametrize("kind", ["ntk_by_parts", "yarn"])
def test_parts_go_by_turns_within_the_trained_range(kind: str) -> None:
    """A head of a language model, where there are frequencies of every kind; in a picture few turn often."""
    axis = Axis(128, 10000.0, 2048, 4.0)
    share, turns = getattr(axis, kind)() / axis.own(), axis.own() * 2048 / (2 * math.pi)
    assert torch.allclose(share[turns > 40], torch.ones(1, dtype=share.dtype)), "fast ones are kept"
    assert torch.allclose(share[turns < 0.5], torch.tensor(0.25, dtype=share.dtype)), "slow ones are linear"
    assert (share.diff() <= 1e-12).all(), "and nothing jumps between"


def test_yarn_between_its_bounds_is_a_ramp() -> None:
    """With theta e**2 and as many numbers, frequency i turns trained / (2 pi) * e ** (-2 i / d) times."""
    axis = Axis(8, math.e**4, 64 * math.pi, 2.0)  # frequency i turns 32 * e ** -i times within the range
    low, high = 0, math.ceil(8 * math.log(32) / 8)
    ramp = (torch.arange(4, dtype=torch.float64) - low) / (high - low)
    assert torch.allclose(axis.fast((32.0, 1.0)), 1 - ramp.clamp(0, 1))
    assert torch.allclose(axis.yarn() / axis.own(), 1 - 0.5 * ramp.clamp(0, 1))


def test_magnitude() -> None:
    assert magnitude(1.0) == 1 and magnitude(0.5) == 1
    assert magnitude(math.e) == pytest.approx(1.1)


@pytest.mark.parametrize("method", ["ntk_by_parts", "yarn"])
def test_fitv2_takes_every_kind(method: str) -> None:
    model = build("fitv2")
    side = model.family.latent.multiple
    fits, larger = replace(model, size=(8 * side, 6 * side)), replace(model, size=(4 * side, 3 * side))
    assert torch.equal(run(rope_scaling(fits, method)), run(model))  # type: ignore[arg-type]
    assert not close(run(rope_scaling(larger, method)), run(model))  # type: ignore[arg-type]
