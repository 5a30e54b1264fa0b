"""DPM-Solver++ (2M SDE): the second-order multistep sampler with fresh noise in every step.

Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling (2022), https://arxiv.org/abs/2211.01095
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, isinf, sqrt
from typing import Annotated, Literal

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step, log_snr
from app.engine.walking.brownian import SdeNoise, StepNoise, step_noise
from app.graph.node import node
from app.graph.widgets import Seed, Slider

Solver = Literal["midpoint", "heun"]


@dataclass(frozen=True)
class Dpmpp2MSde:
    """One evaluation a step; at eta 0 no noise is added and the result is that of the 2M sampler.

    The solver "heun" integrates the line through two answers exactly, "midpoint" takes its middle.
    """

    eta: float
    seed: int
    noise: SdeNoise = "per picture"
    solver: Solver = "midpoint"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = step_noise(self.noise, self.seed, latent, sigmas)
        sigmas = sigmas if self.noise == "per picture" else sigmas.below_noise()
        before, width_before = latent, 0.0
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            width = log_snr(following) - log_snr(sigma)
            ahead = denoised
            if step > 0 and following > 0:
                ahead = denoised + self.lead(width) / width_before * (denoised - before)
            latent = self.advance(latent, ahead, (sigma, following, width), noise)
            before, width_before = denoised, width
            on_step(step, denoised)
        return latent

    def lead(self, width: float) -> float:
        """Return how far ahead of a step's start the answer is taken, on the clock of log-SNR."""
        if self.solver == "midpoint" or isinf(width):
            return width / 2
        total = (1 + self.eta) * width
        return width * (-1 / expm1(-total) - 1 / total)

    def advance(
        self, latent: Tensor, ahead: Tensor, levels: tuple[float, float, float], noise: StepNoise
    ) -> Tensor:
        """Solve the equation with noise exactly for a constant denoised sample `ahead`."""
        sigma, following, width = levels
        if self.eta == 0 or following == 0:
            return constant_step(latent, ahead, sigma, following)
        keep = following / sigma * exp(-self.eta * width)
        pull = (following - 1) * expm1(-(1 + self.eta) * width)
        fresh = following * sqrt(-expm1(-2 * self.eta * width))
        return keep * latent + pull * ahead + fresh * noise(sigma, following)


@node(title="DPM++ 2M SDE")
def dpmpp_2m_sde(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: SdeNoise = "per picture",
    solver: Solver = "midpoint",
) -> Sampler:
    """A sampler that adds fresh noise and uses the model's last answer; corrects errors along the way.

    Args:
        eta: How much noise to add: 0 none, which is the 2M sampler, 1 as much as the theory removes.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
        solver: How the last two answers are joined: at the middle of the step, or as a line over all of it.
    """
    return Dpmpp2MSde(eta, seed, noise, solver)
