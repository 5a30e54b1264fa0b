"""Models trained to predict a velocity on a variance-preserving path that ends in pure noise, on ours.

On their path x = a * picture + b * noise with a^2 + b^2 = 1, and they answer v = a * noise - b * picture.
With b / a = sigma / (1 - sigma) it is ours, but for a factor on x.

Reference: Salimans and Ho, Progressive Distillation (2022), https://arxiv.org/abs/2202.00512
Reference: Lin et al., Common Diffusion Noise Schedules and Sample Steps are Flawed (2023), https://arxiv.org/abs/2305.08891
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor

from app.engine.prediction import ModelInput


@dataclass(frozen=True)
class VelocityPrediction:
    """A schedule of training steps, the last of which is pure noise.

    Attributes:
        snr_shift: By how much less picture there is at each step than the betas say; 1 for as much.
        beta_start: First beta; their square roots grow linearly.
        beta_end: Last beta.
        steps: Training steps.
    """

    snr_shift: float = 1.0
    beta_start: float = 0.00085
    beta_end: float = 0.012
    steps: int = 1000

    def timestep(self, sigma: float) -> float:
        """Return the training step, with a fraction, whose noise level is `sigma`."""
        levels = noise_levels(self)
        wanted = torch.tensor(sigma, dtype=torch.float64)
        above = int(torch.searchsorted(levels, wanted).clamp(1, self.steps - 1))
        below = levels[above - 1]
        return above - 1 + float(((wanted - below) / (levels[above] - below)).clamp(0, 1))


def length(sigma: float) -> float:
    """Return the factor between the two paths at a noise level."""
    return float(((1 - sigma) ** 2 + sigma**2) ** 0.5)


def from_preserving_velocity(given: ModelInput, velocity: Tensor) -> Tensor:
    """Return the denoised sample of a model that predicts a * noise - b * picture."""
    sigma, factor = given.sigma, length(given.sigma)
    return ((1 - sigma) * given.latent / factor - sigma * velocity) / factor


@lru_cache
def noise_levels(prediction: VelocityPrediction) -> Tensor:
    """Return the noise level of each training step, (steps,) float64, rising to 1."""
    start, end = prediction.beta_start**0.5, prediction.beta_end**0.5
    betas = torch.linspace(start, end, prediction.steps, dtype=torch.float64) ** 2
    kept = (1 - betas).cumprod(0)
    kept = kept / (prediction.snr_shift + (1 - prediction.snr_shift) * kept)
    picture = kept.sqrt()
    picture = (picture - picture[-1]) * picture[0] / (picture[0] - picture[-1])
    noise = (1 - picture**2).sqrt()
    return noise / (noise + picture)
