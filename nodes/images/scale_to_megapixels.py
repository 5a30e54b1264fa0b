"""Bring pictures to an area, in the proportions they have."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.resizing import Method, resize, size_of_area
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def scale_to_megapixels(
    image: Image,
    megapixels: Annotated[float, Number(0.01, 64.0, step=0.05)] = 1.0,
    multiple: Annotated[int, Number(1, 256, unit="px")] = 16,
    method: Method = "lanczos",
) -> Image:
    """Bring pictures to the area that a model was trained for, in about their own proportions.

    Args:
        image: The pictures.
        megapixels: The area; 1 is 1024 x 1024.
        multiple: Both sides are rounded to a multiple of this.
        method: How pixels are mixed; "nearest" keeps hard edges, "lanczos" is the sharpest.
    """
    width, height = size_of_area(image, megapixels, multiple)
    return resize(image, width, height, crop=False, method=method)
