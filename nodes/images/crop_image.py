"""Cut a part out of pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.masks import refuse_outside
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def crop_image(
    image: Image,
    x: Annotated[int, Number(0, 16384, unit="px")] = 0,
    y: Annotated[int, Number(0, 16384, unit="px")] = 0,
    width: Annotated[int, Number(1, 16384, unit="px")] = 512,
    height: Annotated[int, Number(1, 16384, unit="px")] = 512,
) -> Image:
    """Cut a rectangle out of pictures.

    Args:
        image: The pictures.
        x: Left edge of the rectangle.
        y: Upper edge of the rectangle.
        width: Width; what would lie outside of the picture is left out.
        height: Height; what would lie outside of the picture is left out.
    """
    refuse_outside(image, x, y)
    return Image(image.pixels[:, y : y + height, x : x + width].clone())
