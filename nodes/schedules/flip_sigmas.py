"""Turn a schedule round, to find the noise that leads to a picture.

Reference: Rout et al., Semantic Image Inversion and Editing using Rectified SDEs (2024), https://arxiv.org/abs/2410.10792
"""

from __future__ import annotations

from app.engine.sampling import Sigmas
from app.graph.node import node

LOWEST = 1e-4  # in place of 0, where a model cannot tell noise from picture


@node()
def flip_sigmas(sigmas: Sigmas) -> Sigmas:
    """Visit the levels in reverse: with Sample section, no noise and Euler, a picture becomes its noise.

    Args:
        sigmas: The schedule; a level of 0 becomes 0.0001. A schedule that was flipped is turned back.
    """
    values = sigmas.values[::-1]
    return Sigmas((max(values[0], LOWEST), *values[1:]) if sigmas.steps else values)
