"""ER-SDE: the extended reverse-time equation, solved with up to three of the model's answers.

Its noise is given by a function phi of the noise-to-picture ratio r: a step keeps phi(r_to) / phi(r_from) of
the latent's noise and draws the rest anew. phi(r) = r is the flow itself, without noise.

Reference: Cui et al., Extended Reverse-Time SDE for Diffusion Models (2023), https://arxiv.org/abs/2309.06169
"""

from __future__ import annotations

from dataclasses import dataclass
from math import exp, inf, sqrt
from typing import Annotated, Literal

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.walking.noise import Draw, Noise, fresh_noise
from app.graph.node import node
from app.graph.widgets import Seed, Slider

Scale = Literal["er-sde-5", "none"]
POINTS = 200  # for the integrals of phi


@dataclass(frozen=True, eq=False)
class Known:
    """The answer at a ratio, and how answers changed up to there."""

    ratio: float
    denoised: Tensor
    slope: Tensor | None


@dataclass(frozen=True)
class ErSde:
    """One evaluation a step. Steps from pure noise and to the picture are first order."""

    order: int
    scale: Scale
    seed: int
    noise: Noise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = fresh_noise(self.noise, self.seed, latent)
        sigmas = sigmas if self.noise == "per picture" else sigmas.below_noise()
        known: list[Known] = []
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            ratio, slope = ratio_at(sigma), None
            if known and known[-1].ratio < inf:
                slope = (denoised - known[-1].denoised) / (ratio - known[-1].ratio)
            known = [*known, Known(ratio, denoised, slope)][-3:]
            latent = denoised if following == 0 else self.advance(latent, (sigma, following), known, noise)
            on_step(step, denoised)
        return latent

    def advance(self, latent: Tensor, levels: tuple[float, float], known: list[Known], noise: Draw) -> Tensor:
        sigma, following = levels
        here, now, ahead = known[-1], ratio_at(sigma), ratio_at(following)
        if now == inf and self.scale == "none":
            return (1 - following) * here.denoised + following * latent
        keep = 0.0 if now == inf else self.phi(ahead) / self.phi(now)
        mean = keep * latent / (1 - sigma) if now < inf else 0.0
        mean = mean + (1 - keep) * here.denoised + self.curvature(now, ahead, known)
        fresh = ahead**2 - (0.0 if now == inf else (now * keep) ** 2)
        if fresh > 1e-12:
            mean = mean + sqrt(fresh) * noise()
        return (1 - following) * mean

    def curvature(self, now: float, ahead: float, known: list[Known]) -> Tensor | float:
        """Return what slope and bend of the answers add to a step with a constant answer."""
        here = known[-1]
        if self.order < 2 or here.slope is None:
            return 0.0
        width = ahead - now
        first, second = self.integrals(now, ahead)
        added = (width + first * self.phi(ahead)) * here.slope
        if self.order < 3 or known[-2].slope is None:
            return added
        bend = (here.slope - known[-2].slope) / ((now - known[-3].ratio) / 2)
        return added + (width**2 / 2 + second * self.phi(ahead)) * bend

    def integrals(self, now: float, ahead: float) -> tuple[float, float]:
        """Return the integrals of 1 / phi and (r - now) / phi from `ahead` to `now`."""
        width = (now - ahead) / POINTS
        within = 0.5 if self.noise == "per picture" else 0.0  # ComfyUI sums from the left
        places = [ahead + (index + within) * width for index in range(POINTS)]
        first = sum(width / self.phi(place) for place in places)
        return first, sum(width * (place - now) / self.phi(place) for place in places)

    def phi(self, ratio: float) -> float:
        return ratio if self.scale == "none" else ratio * (exp(ratio**0.3) + 10)


def ratio_at(sigma: float) -> float:
    """Return noise to picture at a level."""
    return sigma / (1 - sigma) if sigma < 1 else inf


@node(title="ER-SDE")
def er_sde(
    order: Annotated[int, Slider(1, 3, step=1)] = 3,
    scale: Scale = "er-sde-5",
    seed: Annotated[int, Seed()] = 0,
    noise: Noise = "per picture",
) -> Sampler:
    """A sampler that draws most of its noise early and uses the model's last answers; good with few steps.

    Args:
        order: How many answers to use.
        scale: How noise is drawn: as the paper's best choice does it, or not at all.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or draw it and take steps as ComfyUI does.
    """
    return ErSde(order, scale, seed, noise)
