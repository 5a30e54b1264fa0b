"""Soften the edge of masks."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.filters import blur
from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def blur_mask(mask: Mask, radius: Annotated[int, Number(0, 512, unit="px")] = 8) -> Mask:
    """Soften the edge of masks, so that what is done inside fades out.

    Args:
        mask: The masks.
        radius: How far the edge reaches to both sides; 0 changes nothing.
    """
    return Mask(blur(mask.coverage[:, None], radius, max(radius, 1) / 2)[:, 0].clamp(0, 1))
