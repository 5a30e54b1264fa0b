"""SA-Solver: stochastic Adams. Predict from the last answers with fresh noise, correct with the next one.

With u the time on the log-SNR clock that is left to the end of a step of width h, an answer's weight is the
integral of its Lagrange polynomial against (1 + tau^2) exp(-(1 + tau^2) u).

Reference: Xue et al., SA-Solver: Stochastic Adams Solver for Fast Sampling of Diffusion Models (2023), https://arxiv.org/abs/2309.05019
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, expm1, isinf, sqrt
from typing import Annotated

import torch
from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import log_snr
from app.engine.walking.noise import Noise, fresh_noise
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@dataclass(frozen=True, eq=False)
class Before:
    """The step just predicted: where it began, the noise level there, its tau, and the noise that it drew."""

    latent: Tensor
    sigma: float
    tau: float
    noise: Tensor


NOISY_PART = (0.2, 0.8)  # shares of the schedule between which ComfyUI's steps draw noise


@dataclass(frozen=True)
class SaSolver:
    """One evaluation a step. Steps from pure noise and to the picture are first order."""

    order: int
    tau: float
    seed: int
    noise: Noise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = fresh_noise(self.noise, self.seed, latent)
        sigmas = sigmas if self.noise == "per picture" else sigmas.below_noise()
        answers: list[tuple[float, Tensor]] = []  # (time, denoised sample), the newest last
        before: Before | None = None
        for step, sigma, following in sigmas.pairs():
            denoised, order = denoise(latent, sigma), self.order_at(step, sigmas)
            answers = [*answers, (log_snr(sigma), denoised)][-self.order - 1 :]
            if before is not None and not isinf(log_snr(before.sigma)):
                latent = self.step(before, sigma, answers[-order - 1 :])
            if following == 0:
                latent = denoised
            else:
                tau = self.tau_at(following, sigmas)
                before = Before(latent, sigma, tau, noise() if tau > 0 else torch.zeros_like(latent))
                latent = self.step(before, following, answers[-order:])
            on_step(step, denoised)
        return latent

    def order_at(self, step: int, sigmas: Sigmas) -> int:
        """Return how many answers a step's predictor uses; ComfyUI uses fewer close to the picture."""
        if self.noise == "per picture" or sigmas.values[-1] > 0:
            return self.order
        return max(1, min(self.order, sigmas.steps - 1 - step))

    def tau_at(self, sigma: float, sigmas: Sigmas) -> float:
        """Return how much noise a step to a level draws; ComfyUI's draw some in the middle of a run only."""
        start, end = (sigmas.level_at(share) for share in NOISY_PART)
        return self.tau if self.noise == "per picture" or start >= sigma >= end else 0.0

    def step(self, before: Before, sigma: float, answers: Sequence[tuple[float, Tensor]]) -> Tensor:
        """Go from where a step began to `sigma`, along the polynomial through the answers."""
        width, noisy = log_snr(sigma) - log_snr(before.sigma), before.tau**2
        fresh = sigma * sqrt(-expm1(-2 * noisy * width)) if noisy > 0 else 0.0
        keep = sigma / before.sigma * (exp(-noisy * width) if noisy > 0 else 1.0)
        finite = [(time, answer) for time, answer in answers if not isinf(time)] or [(0.0, answers[-1][1])]
        if isinf(width):
            mean = answers[-1][1]
        else:
            places = [log_snr(sigma) - time for time, _ in finite]
            parts = weights(places, width, 1 + noisy)
            mean = sum(
                (part * answer for part, (_, answer) in zip(parts, finite, strict=True)), 0.0 * finite[0][1]
            )
        return keep * before.latent + (1 - sigma) * mean + fresh * before.noise


def weights(places: Sequence[float], width: float, rate: float) -> list[float]:
    """Return the integral of each Lagrange polynomial times rate * exp(-rate * u) over 0 to width."""
    moments = [-expm1(-rate * width)]
    for power in range(1, len(places)):
        moments.append(power / rate * moments[-1] - width**power * exp(-rate * width))
    parts = []
    for own in places:
        powers = [1.0]
        for other in places:
            if other != own:
                scaled = [power / (own - other) for power in powers]
                powers = [up - other * down for up, down in zip([0.0, *scaled], [*scaled, 0.0], strict=True)]
        parts.append(sum(power * moment for power, moment in zip(powers, moments, strict=True)))
    return parts


@node(title="SA-Solver")
def sa_solver(
    order: Annotated[int, Slider(1, 4, step=1)] = 3,
    tau: Annotated[float, Slider(0.0, 1.5, step=0.05)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
    noise: Noise = "per picture",
) -> Sampler:
    """A predictor with a corrector, and as much fresh noise as one likes; one evaluation a step.

    Args:
        order: How many answers the predictor uses; the corrector uses one more.
        tau: How much noise to add: 0 none, 1 as much as the reverse equation has.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return SaSolver(order, tau, seed, noise)
