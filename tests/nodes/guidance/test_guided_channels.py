"""Guidance of the first channels alone, as DiT and its heirs were measured."""

import pytest
import torch
from torch import Tensor

from app.engine.sampling import Guider
from nodes.guidance.cfg import cfg
from nodes.guidance.cfg_interval import cfg_interval
from tests.nodes.guidance.answers import ANSWERS, LATENT, NEGATIVE, POSITIVE, Answers

COND, UNCOND = ANSWERS["cond"], ANSWERS["uncond"]
CHANNELS = COND.shape[1]


def guiders(channels: int) -> list[Guider]:
    two = POSITIVE, NEGATIVE
    return [cfg(*two, 4.0, channels), cfg_interval(*two, 4.0, 1.0, 0.0, channels)]


def ask(guider: Guider) -> Tensor:
    return guider(Answers(), LATENT, 0.6)


@pytest.mark.parametrize("kind", [0, 1])
def test_the_other_channels_follow_the_prompt_alone(kind: int) -> None:
    result = ask(guiders(1)[kind])
    assert torch.equal(result[:, :1], (UNCOND + 4 * (COND - UNCOND))[:, :1])
    assert torch.equal(result[:, 1:], COND[:, 1:])


@pytest.mark.parametrize("kind", [0, 1])
@pytest.mark.parametrize("channels", [0, CHANNELS, 99])
def test_none_named_or_all_of_them_is_plain_guidance(kind: int, channels: int) -> None:
    assert torch.equal(ask(guiders(channels)[kind]), UNCOND + 4 * (COND - UNCOND))
