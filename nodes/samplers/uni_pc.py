"""UniPC: predict the next latent from two answers, and correct it with the answer found there.

Reference: Zhao et al., UniPC: A Unified Predictor-Corrector Framework (2023), https://arxiv.org/abs/2302.04867
"""

from __future__ import annotations

from dataclasses import dataclass
from math import expm1, isinf

from torch import Tensor

from app.engine.log_snr import constant_step, log_snr
from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.graph.node import node


@dataclass(frozen=True, eq=False)
class Past:
    """The step just done: where it began, what the model said there, and its width and the last one's."""

    latent: Tensor
    sigma: float
    denoised: Tensor
    width: float
    ratio: float
    difference: Tensor | None

    def ahead(self) -> Tensor:
        """Return the mean denoised sample of the step, foretold from the last two answers."""
        return self.denoised if self.difference is None else self.denoised + self.ratio / 2 * self.difference

    def corrected(self, sigma: float, denoised: Tensor) -> Tensor:
        """Return the latent at the step's end once the model has answered there."""
        new = denoised - self.denoised
        if self.difference is None or self.ratio == 0 or isinf(self.width):
            mean = self.denoised + new / 2
        else:
            early, late = weights(self.width, 1 / self.ratio)
            mean = self.denoised + early * self.ratio * self.difference + late * new
        return constant_step(self.latent, mean, self.sigma, sigma)


def weights(width: float, back: float) -> tuple[float, float]:
    """Return the corrector's weights of the slopes to the last answer, `back` widths ago, and to the new one.

    They make it exact for denoised samples that are quadratic in time, over the variant B(h) = e^h - 1.
    """
    scale = expm1(-width)
    first = -scale / width - 1
    second = 2 * (-first / width - 0.5)
    first, second = first / scale, second / scale
    early = (first - second) / (1 + back)
    return early, first - early


@dataclass(frozen=True)
class UniPc:
    """Second order with a third-order corrector, one evaluation a step."""

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        past: Past | None = None
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            width = log_snr(following) - log_snr(sigma)
            ratio, difference = 0.0, None
            if past is not None:
                latent = past.corrected(sigma, denoised)
                if following > 0:
                    ratio, difference = width / past.width, denoised - past.denoised
            past = Past(latent, sigma, denoised, width, ratio, difference)
            latent = constant_step(latent, past.ahead(), sigma, following)
            on_step(step, denoised)
        return latent


@node()
def uni_pc() -> Sampler:
    """A predictor with a corrector that costs no evaluation of its own: good with few steps."""
    return UniPc()
