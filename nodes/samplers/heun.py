"""Heun's method: try the Euler step, look again from where it leads, and go by the mean of both.

Reference: Karras et al., Elucidating the Design Space of Diffusion Models (2022), https://arxiv.org/abs/2206.00364
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.graph.node import node


@dataclass(frozen=True)
class Heun:
    """Second order: two evaluations a step, one for a step to 0; the error falls with the step squared."""

    both_ways: ClassVar[bool] = True

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            velocity = (latent - denoised) / sigma
            ahead = latent + (following - sigma) * velocity
            if (
                following > 0
            ):  # at 0 the velocity is not defined, and Euler's step is already the denoised sample
                denoised = denoise(ahead, following)
                velocity = (velocity + (ahead - denoised) / following) / 2
            latent = latent + (following - sigma) * velocity
            on_step(step, denoised)
        return latent


@node()
def heun() -> Sampler:
    """A more exact sampler: two evaluations of the model a step, so half the steps cost the same."""
    return Heun()
