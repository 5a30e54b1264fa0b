"""The steps of continuous-time consistency models, even in the angle of TrigFlow; sample them with LCM.

With x = cos(t) * picture + sin(t) * noise, the level on a flow's path is sin(t) / (sin(t) + cos(t)).

Reference: Lu and Song, Simplifying, Stabilizing and Scaling Continuous-Time Consistency Models (2024), https://arxiv.org/abs/2410.11081
Reference: Chen et al., SANA-Sprint (2025), https://arxiv.org/abs/2503.09641
"""

from __future__ import annotations

from math import cos, sin
from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider

LATEST = 1.5708  # a right angle, which is pure noise, as Sana-Sprint rounds it


@node(title="SCM schedule")
def scm_schedule(
    steps: Annotated[int, Number(1, 100)] = 2,
    intermediate: Annotated[float, Slider(0.1, 1.5, step=0.01)] = 1.3,
) -> Sigmas:
    """Choose the noise levels for models distilled to one to four steps; take them with the LCM sampler.

    Args:
        steps: How many steps to take.
        intermediate: Angle of the second of two steps; other numbers of steps are even in the angle.
    """
    angles = [LATEST * (1 - step / steps) for step in range(steps)]
    if steps == 2:
        angles[1] = intermediate
    return Sigmas((1.0, *(sin(angle) / (sin(angle) + cos(angle)) for angle in angles[1:]), 0.0))
