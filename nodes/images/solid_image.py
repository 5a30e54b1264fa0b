"""Make a picture of one colour."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.colours import colour_of
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Color, Number


@node(lane="pool")
def solid_image(
    width: Annotated[int, Number(1, 16384, unit="px")] = 512,
    height: Annotated[int, Number(1, 16384, unit="px")] = 512,
    color: Annotated[str, Color()] = "#000000",
    batch_size: Annotated[int, Number(1, 4096)] = 1,
) -> Image:
    """Make a picture of one colour.

    Args:
        width: Width.
        height: Height.
        color: The colour, such as #ff8000 or white.
        batch_size: How many.
    """
    return Image(colour_of(color).repeat(batch_size, height, width, 1))
