"""Euler's method: follow the velocity of the present point straight to the next noise level.

Reference: Karras et al., Elucidating the Design Space of Diffusion Models (2022), https://arxiv.org/abs/2206.00364
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.graph.node import node


@dataclass(frozen=True)
class Euler:
    """First order: one evaluation a step, an error that falls with the step size."""

    both_ways: ClassVar[bool] = True

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            latent = latent + (following - sigma) * (latent - denoised) / sigma
            on_step(step, denoised)
        return latent


@node()
def euler() -> Sampler:
    """The plain sampler: one evaluation of the model a step."""
    return Euler()
