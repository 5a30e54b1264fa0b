"""Beta schedule: levels at even quantiles of a beta distribution, dense at both ends.

Reference: Lee et al., Beta Sampling is All You Need (2024), https://arxiv.org/abs/2407.12173
"""

from __future__ import annotations

from math import exp, lgamma, log
from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider

TERMS = 30  # pairs; more change nothing for shapes up to 5


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


def quantile(share: float, a: float, b: float) -> float:
    """Return the level below which `share` of a beta(a, b) distribution lies."""
    if share <= 0 or share >= 1:
        return float(share >= 1)
    low, high = 0.0, 1.0
    while low < (middle := (low + high) / 2) < high:
        low, high = (middle, high) if distribution(middle, a, b) < share else (low, middle)
    return high


def distribution(x: float, a: float, b: float) -> float:
    """Return the share of a beta(a, b) distribution below x, from its continued fraction."""
    if x > (a + 1) / (a + b + 2):  # the fraction converges fast on the other side only
        return 1 - distribution(1 - x, b, a)
    if x == 0:
        return 0.0
    front = exp(a * log(x) + b * log(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    return front * fraction(x, a, b)


def fraction(x: float, a: float, b: float) -> float:
    """Evaluate the continued fraction 1 / (1 + d1 / (1 + d2 / ...)) of the incomplete beta function."""
    value = 1.0
    for half in range(TERMS, 0, -1):
        even = a + 2 * half
        value = 1 + half * (b - half) * x / ((even - 1) * even) / value
        value = 1 - (a + half - 1) * (a + b + half - 1) * x / ((even - 2) * (even - 1)) / value
    return 1 / value
