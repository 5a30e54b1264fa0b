"""Sampling runs of any length, and one thread for them: tiny matrices only wait for more."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from app.engine.model import Model
from app.engine.sampling import Guider, Sampler, Sampling, Sigmas
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder
from tests.tiny.zoo import noise, prompt


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def walk(
    model: Model,
    steps: int,
    *,
    watcher: Recorder | None = None,
    sampler: Sampler | None = None,
    guider: Guider | None = None,
) -> Tensor:
    """Return what `model` makes of always the same noise and prompt in evenly spaced steps."""
    sigmas = Sigmas(tuple(1 - step / steps for step in range(steps + 1)))
    guider = guider or NoGuidance(prompt(model))
    return Sampling(model, guider, sampler or Euler(), sigmas).walk(noise(model), watcher or Recorder())
