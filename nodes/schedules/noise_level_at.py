"""The noise level at a point of a model's own schedule, for ranges that other nodes want as levels.

Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

from typing import Annotated

from app.engine.model import Model
from app.engine.schedules.levels import Levels
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def noise_level_at(
    model: Model,
    share: Annotated[float, Slider(0.0, 1.0, step=0.0001)] = 0.0,
    lowest: bool = False,
) -> float:
    """Say which noise level a run has reached after a share of its way.

    Args:
        model: The model that will sample; its shift counts.
        share: How far the run is: 0 is its beginning, 1 its end.
        lowest: At the end give the lowest level that the model knows instead of 0.
    """
    levels = Levels(model.schedule_shift, model.family.levels)
    return levels.lowest if lowest and share == 1 else levels.at(1 - share)
