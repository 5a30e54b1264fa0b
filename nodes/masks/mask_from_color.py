"""Make a mask of what has a colour."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.colours import colour_of
from app.engine.media import Image, Mask
from app.graph.node import node
from app.graph.widgets import Color, Slider


@node(lane="pool")
def mask_from_color(
    image: Image,
    color: Annotated[str, Color()] = "#00ff00",
    tolerance: Annotated[float, Slider(0.0, 1.0, step=0.005)] = 0.0,
) -> Mask:
    """Mark what has a colour, for example a green screen.

    Args:
        image: The pictures.
        color: The colour, such as #00ff00 or white.
        tolerance: How far red, green and blue may each be away; 0 takes exactly this colour in eight bits.
    """
    away = (image.pixels - colour_of(color)).abs().amax(dim=-1)
    return Mask((away <= tolerance + 0.5 / 255).float())
