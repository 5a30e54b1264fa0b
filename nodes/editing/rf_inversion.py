"""Rectified-flow inversion: find the noise that a picture could have come from.

The flow is walked backwards, by the explicit midpoint rule of RF-Solver or by Euler's.

Reference: Wang et al., Taming Rectified Flow for Inversion and Editing (2024), https://arxiv.org/abs/2411.04746
Reference: Rout et al., Semantic Image Inversion and Editing using Rectified SDEs (2024), https://arxiv.org/abs/2410.10792
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Denoise, Guider, OnStep, Sampling, Sigmas
from app.engine.walking.retracing import retrace
from app.graph.node import Context, node


@dataclass(frozen=True)
class Inversion:
    """Walks a schedule from its end to its beginning; with `midpoint` second order."""

    midpoint: bool

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        return retrace(denoise, latent, sigmas.values[::-1], on_step, midpoint=self.midpoint)


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
