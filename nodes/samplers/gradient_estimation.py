"""Gradient estimation: steer the velocity by how it has just changed.

The paper extrapolates the noise that the model predicts; here it is the velocity of the flow, which exists at
pure noise too.

Reference: Permenter and Yuan, Diffusion Models from an Optimization Perspective (2023), https://arxiv.org/abs/2306.04848
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True)
class GradientEstimation:
    """First order, one evaluation a step; second order at gamma 1.5 where the levels are evenly spaced."""

    gamma: float

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        before: Tensor | None = None
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            velocity = (latent - denoised) / sigma
            latent = constant_step(latent, denoised, sigma, following)
            if before is not None and self.gamma != 1 and following > 0:
                latent = latent + (following - sigma) * (self.gamma - 1) * (velocity - before)
            before = velocity
            on_step(step, denoised)
        return latent


@node()
def gradient_estimation(gamma: Annotated[float, Slider(1.0, 3.0, step=0.05)] = 2.0) -> Sampler:
    """The plain sampler, with a look at where the velocity is heading; no further evaluations.

    Args:
        gamma: How far to follow the trend: 1 not at all, which is Euler's method, 2 as in the paper.
    """
    return GradientEstimation(gamma)
