"""Bring one side of pictures to a length, in the proportions they have."""

from __future__ import annotations

from typing import Annotated, Literal

from app.engine.imaging.resizing import Method, proportional, resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number

Side = Literal["longest", "shortest", "width", "height"]


@node(lane="pool")
def scale_to_side(
    image: Image,
    length: Annotated[int, Number(1, 16384, unit="px")] = 1024,
    side: Side = "longest",
    method: Method = "lanczos",
) -> Image:
    """Bring one side of pictures to a length, in their own proportions.

    Args:
        image: The pictures.
        length: New length of that side.
        side: Which side.
        method: How pixels are mixed; "nearest" keeps hard edges, "lanczos" is the sharpest.
    """
    wide = image.width >= image.height
    along = side == "width" or (side == "longest" and wide) or (side == "shortest" and not wide)
    width, height = proportional(image, length, 0) if along else proportional(image, 0, length)
    return resize(image, width, height, crop=False, method=method)
