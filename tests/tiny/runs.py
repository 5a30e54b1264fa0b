"""Short sampling runs of tiny models, for tests that compare their results bit by bit."""

from dataclasses import replace

import torch
from torch import Tensor

from app.engine.model import Model
from app.engine.sampling import Guider, Sampling, Sigmas
from nodes.guidance.cfg import Cfg
from nodes.guidance.no_guidance import NoGuidance
from nodes.samplers.euler import Euler
from tests.tiny.recorder import Recorder
from tests.tiny.zoo import noise, prompt

STEPS = 4
SIGMAS = Sigmas(tuple(1 - step / STEPS for step in range(STEPS + 1)))


def run(model: Model, watcher: Recorder | None = None, guider: Guider | None = None) -> Tensor:
    """Return what `model` makes of always the same noise and prompt."""
    sampling = Sampling(model, guider or NoGuidance(prompt(model)), Euler(), SIGMAS)
    return sampling.walk(noise(model), watcher or Recorder())


def guided(model: Model, scale: float = 3.0) -> Cfg:
    return Cfg(prompt(model), prompt(model, seed=3), scale)


def rows(model: Model, batch: Tensor) -> list[Tensor]:
    """Sample each row of a noisy batch by itself."""
    sampling = Sampling(model, NoGuidance(prompt(model)), Euler(), SIGMAS)
    return [replace(sampling).walk(row[None], Recorder()) for row in batch]


def together(model: Model, batch: Tensor) -> Tensor:
    return Sampling(model, NoGuidance(prompt(model)), Euler(), SIGMAS).walk(batch, Recorder())


def close(one: Tensor, other: Tensor, tolerance: float = 2e-5) -> bool:
    return torch.allclose(one, other, atol=tolerance, rtol=tolerance)
