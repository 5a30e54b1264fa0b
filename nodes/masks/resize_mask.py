"""Bring masks to another size."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.resizing import Method, proportional, resize_coverage
from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def resize_mask(
    mask: Mask,
    width: Annotated[int, Number(0, 16384, unit="px")] = 512,
    height: Annotated[int, Number(0, 16384, unit="px")] = 512,
    method: Method = "bilinear",
) -> Mask:
    """Stretch masks to a given size.

    Args:
        mask: The masks.
        width: New width; 0 for what keeps the proportions.
        height: New height; 0 for what keeps the proportions.
        method: How values are mixed; "nearest" keeps hard edges.
    """
    return resize_coverage(mask, *proportional(mask, width, height), method)
