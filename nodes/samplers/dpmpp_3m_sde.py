"""DPM-Solver++ (3M SDE): the third-order multistep sampler with fresh noise in every step.

Reference: Lu et al., DPM-Solver++: Fast Solver for Guided Sampling (2022), https://arxiv.org/abs/2211.01095
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, expm1, isinf, sqrt
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import log_snr
from app.engine.walking.brownian import SdeNoise, step_noise
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True)
class Dpmpp3MSde:
    """One evaluation a step. Steps from pure noise and to the picture are first order."""

    eta: float
    seed: int
    noise: SdeNoise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = step_noise(self.noise, self.seed, latent, sigmas)
        sigmas = sigmas if self.noise == "per picture" else sigmas.below_noise()
        answers: list[tuple[Tensor, float]] = []  # the last denoised samples, each with the width of its step
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            width = log_snr(following) - log_snr(sigma)
            if following == 0:
                latent = denoised
            else:
                latent = self.advance(latent, denoised, (sigma, following, width), answers)
                if self.eta > 0:
                    fresh = following * sqrt(-expm1(-2 * self.eta * width))
                    latent = latent + fresh * noise(sigma, following)
            answers = [*answers, (denoised, width)][-2:]
            on_step(step, denoised)
        return latent

    def advance(
        self,
        latent: Tensor,
        denoised: Tensor,
        levels: tuple[float, float, float],
        answers: list[tuple[Tensor, float]],
    ) -> Tensor:
        """Solve the equation exactly for the polynomial through the answers, but for the noise."""
        sigma, following, width = levels
        total = width * (1 + self.eta)
        keep = following / sigma * (exp(-self.eta * width) if self.eta > 0 else 1)
        result = keep * latent + (1 - following) * -expm1(-total) * denoised
        if isinf(width) or not answers or isinf(answers[-1][1]):
            return result
        before, width_1 = answers[-1]
        slope, second = (denoised - before) * (width / width_1), expm1(-total) / total + 1
        if len(answers) < 2 or isinf(answers[0][1]):
            return result + (1 - following) * second * slope
        earlier, width_2 = answers[0]
        ratio, ratio_2 = width_1 / width, width_2 / width
        slope_2 = (before - earlier) / ratio_2
        bend = (slope - slope_2) / (ratio + ratio_2)
        third = second / total - 0.5
        return result + (1 - following) * (second * (slope + bend * ratio) - third * bend)


@node(title="DPM++ 3M SDE")
def dpmpp_3m_sde(
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: SdeNoise = "per picture",
) -> Sampler:
    """A sampler that adds fresh noise and uses the model's last three answers; likes many steps.

    Args:
        eta: How much noise to add: 0 none, 1 as much as the theory removes.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return Dpmpp3MSde(eta, seed, noise)
