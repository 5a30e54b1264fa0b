"""LCM: jump to the picture, noise it back to the next level, and jump again; for distilled few-step models.

Reference: Luo et al., Latent Consistency Models (2023), https://arxiv.org/abs/2310.04378
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.engine.walking.noise import Noise, fresh_noise, renoised
from app.graph.node import node
from app.graph.widgets import Seed


@dataclass(frozen=True)
class Lcm:
    """One evaluation a step. The last step ends on the denoised sample where the schedule ends at 0."""

    seed: int
    noise: Noise = "per picture"

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        noise = fresh_noise(self.noise, self.seed, latent)
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            latent = renoised(denoised, 0.0, following, noise)
            on_step(step, denoised)
        return latent


@node(title="LCM")
def lcm(seed: Annotated[int, Seed()] = 0, noise: Noise = "per picture") -> Sampler:
    """For models distilled to few steps: every step asks for the finished picture. Blurs others.

    Args:
        seed: Which fresh noise to add. It is drawn apart from the noise that the run starts from.
        noise: Draw it for each picture of a batch by itself, or as ComfyUI does.
    """
    return Lcm(seed, noise)
