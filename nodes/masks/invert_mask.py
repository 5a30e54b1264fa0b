"""Swap inside and outside of masks."""

from __future__ import annotations

from app.engine.media import Mask
from app.graph.node import node


@node(lane="pool")
def invert_mask(mask: Mask) -> Mask:
    """Swap inside and outside of masks.

    Args:
        mask: The masks.
    """
    return Mask(1 - mask.coverage)
