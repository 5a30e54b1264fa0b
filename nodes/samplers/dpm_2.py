"""DPM-Solver-2: go by the velocity half-way, where half-way is meant on the logarithm of the noise level.

Reference: Karras et al., Elucidating the Design Space of Diffusion Models (2022), https://arxiv.org/abs/2206.00364
Reference: Lu et al., DPM-Solver (2022), https://arxiv.org/abs/2206.00927
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step
from app.graph.node import node


@dataclass(frozen=True)
class Dpm2:
    """Second order: two evaluations a step, one for a step to 0, which has no logarithm."""

    both_ways: ClassVar[bool] = True

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            if following > 0:
                middle = sqrt(sigma * following)
                halfway = constant_step(latent, denoised, sigma, middle)
                denoised = denoise(halfway, middle)
                latent = latent + (following - sigma) * (halfway - denoised) / middle
            else:
                latent = constant_step(latent, denoised, sigma, following)
            on_step(step, denoised)
        return latent


@node(title="DPM 2")
def dpm_2() -> Sampler:
    """A more exact sampler that looks half-way ahead: two evaluations of the model a step."""
    return Dpm2()
