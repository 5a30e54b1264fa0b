"""RES multistep: an exponential integrator whose weights satisfy all second-order conditions.

Reference: Zhang et al., Improved Order Analysis of Exponential Integrators (2023), https://arxiv.org/abs/2308.02157
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import Clock, constant_step, time_at
from app.graph.node import node


@dataclass(frozen=True)
class ResMultistep:
    """Second order with one evaluation a step. Steps from pure noise and to the picture are first order."""

    clock: Clock = "signal-to-noise"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        before, width_before = latent, 0.0
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            width = time_at(following, self.clock) - time_at(sigma, self.clock)
            ahead = denoised
            if step > 0 and following > 0:
                ahead = denoised + lead(width) / width_before * (denoised - before)
            latent = constant_step(latent, ahead, sigma, following)
            before, width_before = denoised, width
            on_step(step, denoised)
        return latent


def lead(width: float) -> float:
    """Return how far ahead of a step's start its weighted mean lies, on the log-SNR clock.

    In a step of width h the integral weighs the time u by e^(u - h), so the mean is h / (1 - e^-h) - 1: half
    of h for small steps, and more for wide ones, whose end counts most.
    """
    return -width / expm1(-width) - 1


@node(title="RES multistep")
def res_multistep(clock: Clock = "signal-to-noise") -> Sampler:
    """A more exact sampler at the price of the plain one, careful with wide steps.

    Args:
        clock: What steps are measured by: the signal-to-noise ratio, or the noise level as ComfyUI does it.
    """
    return ResMultistep(clock)
