"""Exponential schedule: every step divides the noise level by the same factor.

Reference: Crowson, k-diffusion, https://github.com/crowsonkb/k-diffusion
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def exponential(
    steps: Annotated[int, Number(1, 1000)] = 20,
    sigma_min: Annotated[float, Slider(0.001, 0.5, step=0.001)] = 0.02,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose noise levels that fall by the same factor each, most of them close to the picture.

    Args:
        steps: How many steps to take. The last one goes from the lowest level to 0.
        sigma_min: The lowest level before 0, for a strength of 1; lower strengths lower it alike.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    shares = (step / max(1, steps - 1) for step in range(steps))
    return Sigmas((*(strength * sigma_min**share for share in shares), 0.0))
