"""Make masks larger or smaller."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.filters import spread
from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def grow_mask(
    mask: Mask,
    expand: Annotated[int, Number(-1024, 1024, unit="px")] = 8,
    tapered_corners: bool = True,
) -> Mask:
    """Make masks larger, or smaller with a negative number.

    Args:
        mask: The masks.
        expand: How far their edge moves outwards.
        tapered_corners: Whether corners are cut like a diamond's; otherwise a square grows to a square.
    """
    values = mask.coverage[:, None]
    if expand < 0:
        return Mask(1 - spread(1 - values, -expand, diamond=tapered_corners)[:, 0])
    return Mask(spread(values, expand, diamond=tapered_corners)[:, 0])
