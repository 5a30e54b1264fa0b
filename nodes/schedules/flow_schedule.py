"""Evenly spaced noise levels, moved towards noise by a shift as flow models for large pictures want it.

Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def flow_schedule(
    steps: Annotated[int, Number(1, 1000)] = 20,
    shift: Annotated[float, Slider(0.1, 12.0, step=0.05)] = 1.0,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose the noise levels of a run.

    Args:
        steps: How many steps to take. All of them are taken, whatever the strength.
        shift: Above 1 spends more steps on noisy levels, which large pictures need; 1 spaces them evenly.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    even = (strength * (1 - step / steps) for step in range(steps + 1))
    return Sigmas(tuple(shift * sigma / (1 + (shift - 1) * sigma) for sigma in even))
