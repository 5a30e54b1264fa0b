"""Set how far a model's schedules are moved towards noise.

Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.model import Model
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def shift_model(model: Model, shift: Annotated[float, Slider(0.1, 100.0, step=0.01)] = 3.0) -> Model:
    """Move the model's schedules towards noise, as large pictures need it.

    Args:
        model: The model whose schedules change; Basic schedule reads the shift from it.
        shift: 1 spaces the levels evenly, 3 is usual for SD3, 8 for Wan.
    """
    return replace(model, shift=shift)
