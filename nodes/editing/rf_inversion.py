"""Rectified-flow inversion: find the noise that a picture could have come from.

The flow is walked backwards, by the explicit midpoint rule of RF-Solver or by Euler's.

Reference: Wang et al., Taming Rectified Flow for Inversion and Editing (2024), https://arxiv.org/abs/2411.04746
Reference: Rout et al., Semantic Image Inversion and Editing using Rectified SDEs (2024), https://arxiv.org/abs/2410.10792
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Denoise, Guider, OnStep, Sampling, Sigmas
from app.graph.node import Context, node

LOWEST = 1e-3  # the picture's own noise level is 0, where a velocity cannot be told from a denoised sample


@dataclass(frozen=True)
class Inversion:
    """Walks a schedule from its end to its beginning; with `midpoint` second order."""

    midpoint: bool

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        levels = sigmas.values[::-1]
        for step, (sigma, following) in enumerate(pairwise(levels)):
            velocity, denoised = ask(denoise, latent, sigma)
            if self.midpoint:
                middle = (sigma + following) / 2
                velocity, denoised = ask(denoise, latent + (middle - sigma) * velocity, middle)
            latent = latent + (following - sigma) * velocity
            on_step(step, denoised)
        return latent


def ask(denoise: Denoise, latent: Tensor, sigma: float) -> tuple[Tensor, Tensor]:
    """Return the velocity and the denoised sample at a level."""
    level = max(sigma, LOWEST)
    denoised = denoise(latent, level)
    return (latent - denoised) / level, denoised


@node(title="RF inversion")
def rf_inversion(
    context: Context,
    model: Model,
    guider: Guider,
    sigmas: Sigmas,
    latent: Latent,
    midpoint: bool = True,
) -> Latent:
    """Find the noise from which the model would make a picture; Sample section takes it as its noise.

    Args:
        model: The diffusion transformer.
        guider: A prompt for the picture as it is; No guidance retraces best.
        sigmas: The noise levels to visit, the same as for sampling later; from 1 for noise.
        latent: The encoded picture.
        midpoint: Whether to look half-way ahead in every step: twice the time and far more exact.
    """
    noisy = Sampling(model, guider, Inversion(midpoint), sigmas).walk(latent.samples, context)
    return Latent(noisy, latent.family)
