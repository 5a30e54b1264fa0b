"""Euler's method with fresh noise: walk a little too far, then noise the latent back up to the next level.

Reference: Song et al., Denoising Diffusion Implicit Models (2020), https://arxiv.org/abs/2010.02502
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step
from app.engine.walking.noise import Noise, fresh_noise, lowered, renoised
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True)
class EulerAncestral:
    """One evaluation a step; at eta 0 no noise is added and the result is Euler's."""

    eta: float
    seed: int
    noise: Noise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = fresh_noise(self.noise, self.seed, latent)
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            low = lowered(sigma, following, self.eta, self.noise)
            latent = renoised(constant_step(latent, denoised, sigma, low), low, following, noise)
            on_step(step, denoised)
        return latent


@node()
def euler_ancestral(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: Noise = "per picture",
) -> Sampler:
    """The plain sampler with fresh noise in every step: the picture keeps changing with the number of steps.

    Args:
        eta: How much noise to add: 0 none, which is Euler's method, 1 as much as the theory allows.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return EulerAncestral(eta, seed, noise)
