"""Make a mask that is the same all over."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node(lane="pool")
def solid_mask(
    value: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    width: Annotated[int, Number(1, 16384, unit="px")] = 512,
    height: Annotated[int, Number(1, 16384, unit="px")] = 512,
) -> Mask:
    """Make a mask of one value.

    Args:
        value: 1 is inside the mask, 0 outside.
        width: Width.
        height: Height.
    """
    return Mask(torch.full((1, height, width), value))
