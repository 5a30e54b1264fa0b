"""DPM-Solver++ (2S) with fresh noise: a second-order single step down, then noise back up to the next level.

Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling (2022), https://arxiv.org/abs/2211.01095
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step, log_snr, sigma_at
from app.engine.walking.noise import Noise, fresh_noise, lowered, renoised
from app.graph.node import node
from app.graph.widgets import Seed, Slider

ALMOST_NOISE = 0.9999  # where ComfyUI looks on the way from pure noise, which has no time on the clock


@dataclass(frozen=True)
class Dpmpp2SAncestral:
    """Two evaluations a step, one for steps from pure noise and to 0; at eta 0 second order without noise.

    With ComfyUI's noise a step from pure noise has two as well.
    """

    eta: float
    seed: int
    noise: Noise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = fresh_noise(self.noise, self.seed, latent)
        for step, sigma, following in sigmas.pairs():
            low = lowered(sigma, following, self.eta, self.noise)
            denoised = denoise(latent, sigma)
            middle = self.middle(sigma, low)
            if middle is not None:
                denoised = denoise(constant_step(latent, denoised, sigma, middle), middle)
            latent = renoised(constant_step(latent, denoised, sigma, low), low, following, noise)
            on_step(step, denoised)
        return latent

    def middle(self, sigma: float, low: float) -> float | None:
        """Return the level half-way down on the clock of log-SNR; None where a step has no half-way."""
        if low == 0 or (sigma >= 1 and self.noise == "per picture"):
            return None
        return ALMOST_NOISE if sigma >= 1 else sigma_at((log_snr(sigma) + log_snr(low)) / 2)


@node(title="DPM++ 2S ancestral")
def dpmpp_2s_ancestral(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: Noise = "per picture",
) -> Sampler:
    """A more exact sampler with fresh noise in every step: two evaluations of the model a step.

    Args:
        eta: How much noise to add: 0 none, 1 as much as the theory allows.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return Dpmpp2SAncestral(eta, seed, noise)
