"""Let masks fade out towards the border of the picture."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number

Border = Annotated[int, Number(0, 8192, unit="px")]


@node(lane="pool")
def feather_mask(
    mask: Mask, left: Border = 0, top: Border = 0, right: Border = 0, bottom: Border = 0
) -> Mask:
    """Let masks fade out towards the borders of the picture.

    Args:
        mask: The masks.
        left: Over how many pixels at the left border.
        top: Over how many pixels at the upper border.
        right: Over how many pixels at the right border.
        bottom: Over how many pixels at the lower border.
    """
    across, down = ramp(mask.width, left, right), ramp(mask.height, top, bottom)
    return Mask(mask.coverage * across * down[:, None])


def ramp(length: int, start: int, end: int) -> torch.Tensor:
    """(length,): from 1/start up to 1 and down to 1/end."""
    at = torch.arange(1, length + 1, dtype=torch.float32)
    up = (at / start).clamp(max=1) if start else torch.ones(length)
    down = (at / end).clamp(max=1) if end else torch.ones(length)
    return up * down.flip(0)
