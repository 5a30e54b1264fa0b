"""Karras schedule: even steps in a root of the noise level, so that they shrink towards the picture.

Reference: Karras et al., Elucidating the Design Space of Diffusion Models (2022), https://arxiv.org/abs/2206.00364
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def karras(
    steps: Annotated[int, Number(1, 1000)] = 20,
    sigma_min: Annotated[float, Slider(0.001, 0.5, step=0.001)] = 0.02,
    rho: Annotated[float, Slider(1.0, 15.0, step=0.5)] = 7.0,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose noise levels that lie closer and closer together towards the picture.

    Args:
        steps: How many steps to take. The last one goes from the lowest level to 0.
        sigma_min: The lowest level before 0, for a strength of 1; lower strengths lower it alike.
        rho: How strongly the steps shrink: 1 spaces them evenly, 7 is usual.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    low = sigma_min ** (1 / rho)
    shares = (step / max(1, steps - 1) for step in range(steps))
    return Sigmas((*(strength * (1 + share * (low - 1)) ** rho for share in shares), 0.0))
