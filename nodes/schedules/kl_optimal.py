"""KL-optimal schedule: even steps in the angle whose tangent is the ratio of noise to picture.

It loses least for data of a normal distribution with unit variance. On the path of flow models the angle runs
from a right one (pure noise) to zero (picture), so no lowest level has to be chosen.

Reference: Sabour et al., Align Your Steps (2024), https://arxiv.org/abs/2404.14507
"""

from __future__ import annotations

from math import cos, pi, sin
from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node(title="KL optimal")
def kl_optimal(
    steps: Annotated[int, Number(1, 1000)] = 20,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose the noise levels that theory finds best for normally distributed data.

    Args:
        steps: How many steps to take. All of them are taken, whatever the strength.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    angles = (pi / 2 * strength * (1 - step / steps) for step in range(steps + 1))
    return Sigmas(tuple(sin(angle) / (sin(angle) + cos(angle)) for angle in angles))
