"""Make masks hard."""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Slider


@node(lane="pool")
def threshold_mask(mask: Mask, threshold: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.5) -> Mask:
    """Count everything above a threshold as inside, the rest as outside.

    Args:
        mask: The masks.
        threshold: The value that is still outside.
    """
    return Mask((mask.coverage > threshold).float())
