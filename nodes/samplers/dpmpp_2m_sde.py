"""DPM-Solver++ (2M SDE): the second-order multistep sampler with fresh noise in every step.

Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling (2022), https://arxiv.org/abs/2211.01095
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, sqrt
from typing import Annotated

from torch import Tensor

from app.engine.log_snr import constant_step, log_snr
from app.engine.noise import FreshNoise
from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True)
class Dpmpp2MSde:
    """One evaluation a step; at eta 0 no noise is added and the result is that of the 2M sampler."""

    eta: float
    seed: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = FreshNoise(self.seed, latent)
        before, width_before = latent, 0.0
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            width = log_snr(following) - log_snr(sigma)
            ahead = denoised
            if step > 0 and following > 0:
                ahead = denoised + width / width_before / 2 * (denoised - before)
            latent = self.advance(latent, ahead, (sigma, following, width), noise)
            before, width_before = denoised, width
            on_step(step, denoised)
        return latent

    def advance(
        self, latent: Tensor, ahead: Tensor, levels: tuple[float, float, float], noise: FreshNoise
    ) -> Tensor:
        """Solve the equation with noise exactly for a constant denoised sample `ahead`."""
        sigma, following, width = levels
        if self.eta == 0 or following == 0:
            return constant_step(latent, ahead, sigma, following)
        keep = following / sigma * exp(-self.eta * width)
        pull = (following - 1) * expm1(-(1 + self.eta) * width)
        fresh = following * sqrt(-expm1(-2 * self.eta * width))
        return keep * latent + pull * ahead + fresh * noise()


@node()
def dpmpp_2m_sde(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
) -> Sampler:
    """A sampler that adds fresh noise and uses the model's last answer; corrects errors along the way.

    Args:
        eta: How much noise to add: 0 none, which is the 2M sampler, 1 as much as the theory removes.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
    """
    return Dpmpp2MSde(eta, seed)
