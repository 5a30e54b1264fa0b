"""UniPC: predict the next latent from the last answers, and correct it with the answer found there.

Reference: Zhao et al., UniPC: A Unified Predictor-Corrector Framework (2023), https://arxiv.org/abs/2302.04867
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import expm1, factorial, isinf
from typing import Annotated, Literal

import numpy as np
from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import Clock, constant_step, time_at
from app.graph.node import node
from app.graph.widgets import Slider

Variant = Literal["bh1", "bh2"]
LOWEST = 0.001  # where ComfyUI's run ends instead of at 0


@dataclass(frozen=True, eq=False)
class Answer:
    """What the model said, and when."""

    time: float
    denoised: Tensor


@dataclass(frozen=True, eq=False)
class Past:
    """The step just done: where it began, and the answers that foretold it, the newest last."""

    latent: Tensor
    sigma: float
    answers: Sequence[Answer]


@dataclass(frozen=True)
class UniPc:
    """A predictor of order 1 to 3 and a corrector one higher, with one evaluation a step.

    Steps from pure noise and to the picture are first order, since the clock of log-SNR has no time there.
    """

    order: int = 2
    variant: Variant = "bh2"
    clock: Clock = "signal-to-noise"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        answers: list[Answer] = []
        past: Past | None = None
        levels = self.levels(sigmas)
        for step, sigma, following in levels.pairs():
            denoised = denoise(latent, sigma)
            answer = Answer(time_at(sigma, self.clock), denoised)
            if past is not None:
                latent = self.corrected(past, sigma, answer)
            answers = [*answers, answer][-self.order_at(step, levels.steps) :]
            past = Past(latent, sigma, answers)
            latent = constant_step(latent, self.foretold(answers, following), sigma, following)
            on_step(step, denoised)
        return latent

    def levels(self, sigmas: Sigmas) -> Sigmas:
        """Return the levels that are visited: by the clock of noise levels a run ends just above 0."""
        if self.clock == "signal-to-noise" or sigmas.values[-1] > 0 or sigmas.steps == 0:
            return sigmas
        return Sigmas((*sigmas.values[:-1], min(LOWEST, sigmas.values[-2] / 2)), sigmas.shift)

    def order_at(self, step: int, steps: int) -> int:
        """Return how many answers a step is foretold from; by ComfyUI's clock fewer at the end of a run."""
        if self.clock == "signal-to-noise":
            return self.order
        return min(self.order, max(1, steps - 1), steps - step)

    def foretold(self, answers: Sequence[Answer], following: float) -> Tensor:
        """Return the mean denoised sample of the step to `following`."""
        width = time_at(following, self.clock) - answers[-1].time
        return self.mean(answers[-1], known(answers, width), width)

    def corrected(self, past: Past, sigma: float, new: Answer) -> Tensor:
        """Return the latent at the end of the past step, once the model has answered there."""
        width = new.time - past.answers[-1].time
        mean = self.mean(past.answers[-1], [*known(past.answers, width), new], width)
        return constant_step(past.latent, mean, past.sigma, sigma)

    def mean(self, now: Answer, others: Sequence[Answer], width: float) -> Tensor:
        """Return the denoised sample that a step of a width on the clock goes to, from one answer and others.

        For a single other one the paper's simpler weight serves.
        """
        if not others or isinf(width):
            return now.denoised if not others else (now.denoised + others[-1].denoised) / 2
        places = [(other.time - now.time) / width for other in others]
        parts = [0.5] if len(places) == 1 else weights(places, -width, self.scale(width))
        mean = now.denoised
        for part, place, other in zip(parts, places, others, strict=True):
            factor = self.scale(width) / expm1(-width) * part / place
            mean = mean + factor * (other.denoised - now.denoised)
        return mean

    def scale(self, width: float) -> float:
        """Return the paper's B(h)."""
        return expm1(-width) if self.variant == "bh2" else -width


def known(answers: Sequence[Answer], width: float) -> list[Answer]:
    """Return the answers before the last one that a step can use: none at infinity."""
    return [] if isinf(width) else [answer for answer in answers[:-1] if not isinf(answer.time)]


def weights(places: Sequence[float], width: float, scale: float) -> list[float]:
    """Return weights of the slopes to answers at `places`, exact for polynomials of their number."""
    phi, moments = expm1(width) / width - 1, []
    for power in range(1, len(places) + 1):
        moments.append(phi * factorial(power) / scale)
        phi = phi / width - 1 / factorial(power + 1)
    rows = [[place**power for place in places] for power in range(len(places))]
    return [float(part) for part in np.linalg.solve(np.array(rows), np.array(moments))]


@node(title="UniPC")
def uni_pc(
    order: Annotated[int, Slider(1, 3, step=1)] = 2,
    variant: Variant = "bh2",
    clock: Clock = "signal-to-noise",
) -> Sampler:
    """A predictor with a corrector that costs no evaluation of its own: good with few steps.

    Args:
        order: How many answers to use; 3 is exact for long runs, and less steady in short ones.
        variant: How steps are weighed, as the paper names it: bh1 suits few steps, bh2 strong guidance.
        clock: What steps are measured by: the signal-to-noise ratio, or the noise level as ComfyUI does it.
    """
    return UniPc(order, variant, clock)
