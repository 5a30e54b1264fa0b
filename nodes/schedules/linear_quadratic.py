"""Linear-quadratic schedule: small even steps while the picture takes shape, then wider and wider ones.

Reference: Polyak et al., Movie Gen: A Cast of Media Foundation Models (2024), https://arxiv.org/abs/2410.13720
Reference: Genmo, Mochi 1 (2024), https://github.com/genmoai/mochi
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def linear_quadratic(
    steps: Annotated[int, Number(1, 1000)] = 20,
    threshold: Annotated[float, Slider(0.001, 0.5, step=0.001)] = 0.025,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose noise levels with many small steps close to pure noise, as some video models want them.

    Args:
        steps: How many steps to take. All of them are taken, whatever the strength.
        threshold: How far the noise falls during the first half of the steps; 0.5 spaces all of them evenly.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    remaining = (strength * (1 - step / steps) for step in range(steps + 1))
    return Sigmas(tuple(1 - gone(1 - share, threshold) for share in remaining))


def gone(progress: float, threshold: float) -> float:
    """Return how far the noise has fallen: a line to half-way, then the parabola that leads on to 1."""
    line = 2 * threshold * progress
    if progress <= 0.5:
        return line
    beyond = 2 * progress - 1
    return min(1.0, line + (1 - 2 * threshold) * beyond**2)
