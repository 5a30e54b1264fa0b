"""Make pictures larger or smaller by a factor."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.resizing import Method, resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def scale_image(
    image: Image,
    scale: Annotated[float, Number(0.01, 16.0, step=0.05)] = 0.5,
    method: Method = "bicubic",
) -> Image:
    """Make pictures larger or smaller by a factor.

    Args:
        image: The pictures.
        scale: How many times as wide and high they become.
        method: How pixels are mixed; "nearest" keeps hard edges, "lanczos" is the sharpest.
    """
    width, height = round(image.width * scale), round(image.height * scale)
    return resize(image, width, height, crop=False, method=method)
