"""DPM-Solver-2 with fresh noise: the second-order step leads lower than wanted, and noise leads back up.

Reference: Karras et al., Elucidating the Design Space of Diffusion Models (2022), https://arxiv.org/abs/2206.00364
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step
from app.engine.walking.noise import Noise, fresh_noise, lowered, renoised
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True)
class Dpm2Ancestral:
    """Two evaluations a step, one for steps that lead down to 0; at eta 0 DPM-Solver-2."""

    eta: float
    seed: int
    noise: Noise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = fresh_noise(self.noise, self.seed, latent)
        for step, sigma, following in sigmas.pairs():
            low = lowered(sigma, following, self.eta, self.noise)
            denoised = denoise(latent, sigma)
            if low > 0:
                middle = sqrt(sigma * low)
                halfway = constant_step(latent, denoised, sigma, middle)
                denoised = denoise(halfway, middle)
                latent = latent + (low - sigma) * (halfway - denoised) / middle
            else:
                latent = constant_step(latent, denoised, sigma, low)
            latent = renoised(latent, low, following, noise)
            on_step(step, denoised)
        return latent


@node(title="DPM 2 ancestral")
def dpm_2_ancestral(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: Noise = "per picture",
) -> Sampler:
    """A sampler that looks half-way ahead and adds fresh noise: two evaluations of the model a step.

    Args:
        eta: How much noise to add: 0 none, 1 as much as the theory allows.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return Dpm2Ancestral(eta, seed, noise)
