"""DPM-Solver++ (2M): integrate the linear part exactly, the denoised sample from two answers.

Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling (2022), https://arxiv.org/abs/2211.01095
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import Clock, constant_step, time_at
from app.graph.node import node


@dataclass(frozen=True)
class Dpmpp2M:
    """Second order with one evaluation a step. Steps from pure noise and to the picture are first order."""

    clock: Clock = "signal-to-noise"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        before, width_before = latent, 0.0
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            width = time_at(following, self.clock) - time_at(sigma, self.clock)
            ahead = denoised
            if step > 0 and following > 0:
                ahead = denoised + width / width_before / 2 * (denoised - before)
            latent = constant_step(latent, ahead, sigma, following)
            before, width_before = denoised, width
            on_step(step, denoised)
        return latent


@node(title="DPM++ 2M")
def dpmpp_2m(clock: Clock = "signal-to-noise") -> Sampler:
    """A more exact sampler at the price of the plain one: it also uses the model's last answer.

    Args:
        clock: What steps are measured by: the signal-to-noise ratio, or the noise level as ComfyUI does it.
    """
    return Dpmpp2M(clock)
