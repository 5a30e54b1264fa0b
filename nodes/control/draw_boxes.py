"""Boxes as a control picture."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.boxes import drawn, read_boxes
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Boxes, Number

DEFAULT = '[{"x": 0.1, "y": 0.5, "width": 0.4, "height": 0.4}]'


@node(lane="pool")
def draw_boxes(
    boxes: Annotated[str, Boxes()] = DEFAULT,
    width: Annotated[int, Number(16, 8192, step=16)] = 128,
    height: Annotated[int, Number(16, 8192, step=16)] = 128,
) -> Image:
    """Draw white boxes on black, for a control network that was trained on them.

    Args:
        boxes: Where things should be.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
    """
    return drawn(read_boxes(boxes), width, height)
