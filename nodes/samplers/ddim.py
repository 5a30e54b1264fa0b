"""DDIM: keep the noise that the model finds in the latent, or a part of it, and draw the rest anew.

With r = sigma / (1 - sigma), a step keeps noise up to r_low^2 = r_to^2 - s^2 and draws the rest, of spread
s = eta * r_to * sqrt(1 - r_to^2 / r_from^2). Without fresh noise that is Euler's step on a flow's path.

Reference: Song et al., Denoising Diffusion Implicit Models (2020), https://arxiv.org/abs/2010.02502
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step
from app.engine.walking.noise import FreshNoise, lowered, renoised
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True)
class Ddim:
    """One evaluation a step; at eta 0 no noise is added, at eta 1 it is ancestral sampling (DDPM)."""

    eta: float
    seed: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = FreshNoise(self.seed, latent)
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            low = lowered(sigma, following, self.eta)
            latent = renoised(constant_step(latent, denoised, sigma, low), low, following, noise)
            on_step(step, denoised)
        return latent


@node(title="DDIM")
def ddim(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    seed: Annotated[int, Seed()] = 0,
) -> Sampler:
    """The classic sampler: one evaluation of the model a step, with as much fresh noise as one likes.

    Args:
        eta: How much noise to add: 0 none, which is Euler's method on a flow, 1 as much as DDPM.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
    """
    return Ddim(eta, seed)
