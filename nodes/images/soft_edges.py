"""Find edges as wide, soft lines."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging import edges
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Slider


@node(lane="pool")
def soft_edges(
    image: Image,
    width: Annotated[float, Slider(0.5, 16.0, step=0.5, unit="px")] = 1.5,
    contrast: Annotated[float, Slider(0.2, 4.0, step=0.1)] = 1.0,
) -> Image:
    """Draw the edges of pictures as soft white lines on black: the slope of the blurred picture.

    Args:
        image: The pictures.
        width: How wide the lines are; wider leaves fine detail out.
        contrast: Above 1 faint edges come out less, below 1 more.
    """
    lines = edges.soft_edges(image.pixels, width) ** contrast
    return Image(lines[..., None].repeat(1, 1, 1, 3))
