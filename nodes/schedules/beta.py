"""Beta schedule: levels at even quantiles of a beta distribution, dense at both ends.

Reference: Lee et al., Beta Sampling is All You Need (2024), https://arxiv.org/abs/2407.12173
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.engine.schedules.quantiles import quantile
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def beta(
    steps: Annotated[int, Number(1, 1000)] = 20,
    noise_shape: Annotated[float, Slider(0.3, 5.0, step=0.05)] = 0.6,
    picture_shape: Annotated[float, Slider(0.3, 5.0, step=0.05)] = 0.6,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose noise levels that crowd where the picture begins and where it gets its details.

    Args:
        steps: How many steps to take. All of them are taken, whatever the strength.
        noise_shape: The distribution's beta: below 1 crowds levels at pure noise, 1 and 1 space them evenly.
        picture_shape: The distribution's alpha: below 1 crowds levels at the picture.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    shares = (strength * (1 - step / steps) for step in range(steps + 1))
    return Sigmas(tuple(quantile(share, picture_shape, noise_shape) for share in shares))
