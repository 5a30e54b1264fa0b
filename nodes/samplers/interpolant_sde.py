"""Stochastic interpolants: the flow with as much diffusion as one likes; the result keeps its distribution.

Every choice of the diffusion w(sigma) has the same distribution at each noise level: dx follows the velocity,
w times the score pulls the latent back, and fresh noise of variance 2 w d-sigma pushes it on.

Reference: Ma et al., SiT: Exploring Flow and Diffusion-based Generative Models (2024), https://arxiv.org/abs/2401.08740
Reference: Albergo et al., Stochastic Interpolants: A Unifying Framework (2023), https://arxiv.org/abs/2303.08797
"""

from __future__ import annotations

from dataclasses import dataclass
from math import cos, pi, sin, sqrt
from typing import Annotated, Literal

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.schedules.log_snr import constant_step
from app.engine.walking.noise import FreshNoise
from app.graph.node import node
from app.graph.widgets import Seed, Slider

Diffusion = Literal["sigma", "middle", "constant", "early"]


@dataclass(frozen=True)
class InterpolantSde:
    """Euler-Maruyama, one evaluation a step; the step to 0 adds no noise."""

    diffusion: Diffusion
    strength: float
    seed: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = FreshNoise(self.seed, latent)
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            velocity, width = (latent - denoised) / sigma, sigma - following
            ahead = constant_step(latent, denoised, sigma, following)
            if self.strength > 0 and following > 0:
                amount = self.amount(sigma)
                score = -(latent + (1 - sigma) * velocity) / sigma
                ahead = ahead + amount * width * score + sqrt(2 * amount * width) * noise()
            latent = ahead
            on_step(step, denoised)
        return latent

    def amount(self, sigma: float) -> float:
        """Return w at a noise level."""
        match self.diffusion:
            case "sigma":
                return self.strength * sigma
            case "middle":
                return self.strength * sin(pi * sigma) ** 2
            case "constant":
                return self.strength
        return self.strength * (1 - cos(pi * sigma)) ** 2 / 4


@node(title="Interpolant SDE")
def interpolant_sde(
    diffusion: Diffusion = "sigma",
    strength: Annotated[float, Slider(0.0, 2.0, step=0.05)] = 1.0,
    seed: Annotated[int, Seed()] = 0,
) -> Sampler:
    """A sampler with adjustable fresh noise, after the theory of stochastic interpolants.

    Args:
        diffusion: Where to add noise: "sigma" in proportion to the noise level, "middle" half-way most,
            "constant" everywhere alike, "early" at high noise levels most.
        strength: How much noise to add: 0 none, which is Euler's method; much of it needs many steps.
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
    """
    return InterpolantSde(diffusion, strength, seed)
