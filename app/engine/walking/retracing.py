"""Walking a rectified flow in either direction, from a picture to its noise as well as back.

Reference: Wang et al., Taming Rectified Flow for Inversion and Editing (2024), https://arxiv.org/abs/2411.04746
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from app.engine.sampling import Denoise, OnStep

LOWEST = 1e-3  # the picture's own noise level is 0, where a velocity cannot be told from a denoised sample


def retrace(
    denoise: Denoise, latent: Tensor, levels: Sequence[float], on_step: OnStep, *, midpoint: bool
) -> Tensor:
    """Follow the flow through noise levels in any order, by the midpoint rule or by Euler's."""
    for step, (sigma, following) in enumerate(pairwise(levels)):
        velocity, denoised = ask(denoise, latent, sigma)
        if midpoint:
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
