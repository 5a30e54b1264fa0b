"""DPM-Solver++ (SDE): a second-order single step with fresh noise half-way and at its end.

Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling (2022), https://arxiv.org/abs/2211.01095
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isinf
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step, log_snr, sigma_at
from app.engine.walking.brownian import SdeNoise, StepNoise, step_noise
from app.engine.walking.noise import lowered, renoised
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True)
class DpmppSde:
    """Two evaluations a step, one for steps from pure noise and to 0; at eta 0 second order without noise."""

    eta: float
    seed: int
    noise: SdeNoise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = step_noise(self.noise, self.seed, latent, sigmas)
        sigmas = sigmas if self.noise == "per picture" else sigmas.below_noise()
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            if not (isinf(log_snr(sigma)) or isinf(log_snr(following))):
                middle = sigma_at((log_snr(sigma) + log_snr(following)) / 2)
                denoised = denoise(self.step(latent, denoised, (sigma, middle), noise), middle)
            latent = self.step(latent, denoised, (sigma, following), noise)
            on_step(step, denoised)
        return latent

    def step(self, latent: Tensor, denoised: Tensor, levels: tuple[float, float], noise: StepNoise) -> Tensor:
        """Walk a little too far, as if the denoised sample stayed as it is, and noise up to the level."""
        sigma, following = levels
        low = lowered(sigma, following, self.eta)
        return renoised(
            constant_step(latent, denoised, sigma, low), low, following, lambda: noise(sigma, following)
        )


@node(title="DPM++ SDE")
def dpmpp_sde(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: SdeNoise = "per picture",
) -> Sampler:
    """A more exact sampler with fresh noise twice a step: two evaluations of the model a step.

    Args:
        eta: How much noise to add: 0 none, 1 as much as the theory allows.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return DpmppSde(eta, seed, noise)
