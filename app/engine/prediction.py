"""One meaning of sigma for all models, and what a transformer's output says about the clean picture.

Sigma runs from 1 (noise) to 0 (picture) along x = (1 - sigma) * picture + sigma * noise. Flow models are
trained on that path. Models trained to predict noise on a variance-preserving path are moved onto it: the two
paths differ by a factor on x and by a reparametrised time, so one sampler and one schedule serve both.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning


@dataclass(frozen=True, eq=False)
class ModelInput:
    """One question to the transformer.

    Attributes:
        latent: Noisy samples (B, C, h, w) or (B, C, F, h, w).
        sigma: How noisy, from 1 to 0.
        conditioning: What the picture should be; one row for each of the batch.
        levels: Noise level of each row where they differ (see `rows`), `sigma` then being the highest; empty
            where `sigma` is that of all.
        shares: Which share of `sigma` each cell of a video has, (1 or B, 1, F, h, w), for families that are
            told the level of each token; None where all cells are alike.
    """

    latent: Tensor
    sigma: float
    conditioning: Conditioning
    levels: tuple[float, ...] = ()
    shares: Tensor | None = None

    @property
    def with_beside(self) -> Tensor:
        """The latent with the channels that stand beside it, (B, C + C', ...)."""
        beside = self.conditioning.beside
        if beside is None:
            return self.latent
        return torch.cat([self.latent, beside.expand(len(self.latent), *beside.shape[1:])], dim=1)

    def time(self, scale: float = 1.0) -> Tensor:
        """Return sigma * `scale` for each picture of the batch, (B,) float32."""
        return torch.full((len(self.latent),), self.sigma * scale, device=self.latent.device)

    def token_time(self, patch: tuple[int, int, int], scale: float = 1.0) -> Tensor:
        """Return sigma * `scale` for each token of `patch` (frames, rows, columns) cells: (B, N), or (B,)."""
        if self.shares is None:
            return self.time(scale)
        frames, rows, columns = patch
        firsts = self.shares[..., ::frames, ::rows, ::columns].flatten(1)
        return (firsts * (self.sigma * scale)).expand(len(self.latent), -1)


def from_velocity(given: ModelInput, velocity: Tensor) -> Tensor:
    """Return the denoised sample of a model that predicts noise - picture."""
    return given.latent - given.sigma * velocity


def from_negated_velocity(given: ModelInput, output: Tensor) -> Tensor:
    """Return the denoised sample of a model that predicts picture - noise."""
    return given.latent + given.sigma * output


@dataclass(frozen=True)
class NoisePrediction:
    """A model trained to predict the noise, with betas that grow linearly over `steps` training steps."""

    beta_start: float = 1e-4
    beta_end: float = 2e-2
    steps: int = 1000

    def adapt(self, given: ModelInput) -> ModelInput:
        """Return the same question on the path that the model was trained on."""
        sigma = self.clamp(given.sigma)
        return replace(given, latent=given.latent / ((1 - sigma) ** 2 + sigma**2) ** 0.5, sigma=sigma)

    def timestep(self, sigma: float) -> float:
        """Return the training step, with a fraction, whose noise-to-picture ratio is that of `sigma`."""
        ratios = noise_ratios(self)
        log_ratio = torch.tensor(sigma / (1 - sigma), dtype=torch.float64).log()
        above = int(torch.searchsorted(ratios, log_ratio).clamp(1, self.steps - 1))
        below = ratios[above - 1]
        fraction = ((log_ratio - below) / (ratios[above] - below)).clamp(0, 1)
        return above - 1 + float(fraction)

    def denoised(self, given: ModelInput, noise: Tensor) -> Tensor:
        sigma = self.clamp(given.sigma)
        return (given.latent - sigma * noise) / (1 - sigma)

    def clamp(self, sigma: float) -> float:
        """Keep sigma within what the model has seen; its noisiest training step still holds some picture."""
        ratios = noise_ratios(self)
        lowest, highest = (float(torch.sigmoid(ratio)) for ratio in (ratios[0], ratios[-1]))
        return min(max(sigma, lowest), highest)


@lru_cache
def noise_ratios(prediction: NoisePrediction) -> Tensor:
    """Return log(noise / picture) at each training step, (steps,) float64, rising."""
    betas = torch.linspace(prediction.beta_start, prediction.beta_end, prediction.steps, dtype=torch.float64)
    kept = (1 - betas).cumprod(0)
    return ((1 - kept) / kept).log() / 2
