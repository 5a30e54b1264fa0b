"""Linear multistep (Adams-Bashforth): lay a polynomial through the last velocities and integrate it.

Reference: Liu et al., Pseudo Numerical Methods for Diffusion Models on Manifolds (2022), https://arxiv.org/abs/2202.09778
Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.sampling import Denoise, OnStep, Sampler, Sigmas
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True)
class Lms:
    """One evaluation a step. Its first step and that to 0 are Euler's: second order at most."""

    order: int

    def __call__(self, denoise: Denoise, latent: Tensor, sigmas: Sigmas, on_step: OnStep) -> Tensor:
        visited: list[float] = []
        velocities: list[Tensor] = []
        for step, sigma, following in sigmas.pairs():
            denoised = denoise(latent, sigma)
            visited = [*visited, sigma][-self.order :]
            velocities = [*velocities, (latent - denoised) / sigma][-self.order :]
            if following == 0:
                latent = denoised
            else:
                parts = zip(weights(visited, following), velocities, strict=True)
                latent = latent + sum(weight * velocity for weight, velocity in parts)
            on_step(step, denoised)
        return latent


def weights(visited: Sequence[float], following: float) -> list[float]:
    """Return each point's part in the integral from the last visited level to `following`.

    The part of a point is the integral of its Lagrange polynomial, written out by powers of the distance from
    the last level.
    """
    start = visited[-1]
    end, points = following - start, [sigma - start for sigma in visited]
    parts = []
    for own in points:
        powers = [1.0]
        for other in points:
            if other != own:
                scaled = [power / (own - other) for power in powers]
                powers = [up - other * down for up, down in zip([0.0, *scaled], [*scaled, 0.0], strict=True)]
        parts.append(sum(power * end ** (n + 1) / (n + 1) for n, power in enumerate(powers)))
    return parts


@node(title="LMS")
def lms(order: Annotated[int, Slider(1, 4, step=1)] = 2) -> Sampler:
    """A more exact sampler at the price of the plain one, from up to four of the model's last answers.

    Args:
        order: How many answers to use: 1 is Euler's method; 2 suits most runs, 3 and 4 need many steps.
    """
    return Lms(order)
