"""Set how far a model's schedules are moved towards noise by the size of the picture, as Flux wants it.

Reference: Black Forest Labs, Flux (2024), https://github.com/black-forest-labs/flux
"""

from __future__ import annotations

from dataclasses import replace
from math import exp
from typing import Annotated

from app.engine.model import Model
from app.graph.node import node
from app.graph.widgets import Number, Slider

SMALL, LARGE, SIDE = 256, 4096, 16  # image tokens of 256 and 1024 pixels square; pixels along a token


@node()
def shift_model_by_size(
    model: Model,
    max_shift: Annotated[float, Slider(0.0, 100.0, step=0.01)] = 1.15,
    base_shift: Annotated[float, Slider(0.0, 100.0, step=0.01)] = 0.5,
    width: Annotated[int, Number(16, 16384, step=8, unit="px")] = 1024,
    height: Annotated[int, Number(16, 16384, step=8, unit="px")] = 1024,
) -> Model:
    """Move the model's schedules towards noise, the more the larger the picture is.

    Args:
        model: The model whose schedules change; Basic schedule reads the shift from it.
        max_shift: Logarithm of the shift at 1024 x 1024 pixels.
        base_shift: Logarithm of the shift at 256 x 256 pixels; other sizes lie on the line through both.
        width: Width of the picture.
        height: Height of the picture.
    """
    tokens = width * height / SIDE**2
    mu = base_shift + (max_shift - base_shift) * (tokens - SMALL) / (LARGE - SMALL)
    return replace(model, shift=exp(mu))
