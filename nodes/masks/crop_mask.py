"""Cut a part out of masks."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.masks import refuse_outside
from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def crop_mask(
    mask: Mask,
    x: Annotated[int, Number(0, 16384, unit="px")] = 0,
    y: Annotated[int, Number(0, 16384, unit="px")] = 0,
    width: Annotated[int, Number(1, 16384, unit="px")] = 512,
    height: Annotated[int, Number(1, 16384, unit="px")] = 512,
) -> Mask:
    """Cut a rectangle out of masks.

    Args:
        mask: The masks.
        x: Left edge of the rectangle.
        y: Upper edge of the rectangle.
        width: Width; what would lie outside of the mask is left out.
        height: Height; what would lie outside of the mask is left out.
    """
    refuse_outside(mask, x, y)
    return Mask(mask.coverage[:, y : y + height, x : x + width].clone())
