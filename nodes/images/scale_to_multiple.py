"""Cut pictures to sides that a model can divide."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.resizing import Method, resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def scale_to_multiple(
    image: Image,
    multiple: Annotated[int, Number(1, 1024, unit="px")] = 16,
    method: Method = "lanczos",
) -> Image:
    """Make both sides the next smaller multiple of a number; proportions stay, a little is cut off.

    Args:
        image: The pictures; a side smaller than the multiple stays as it is.
        multiple: What both sides are divisible by afterwards.
        method: How pixels are mixed; "nearest" keeps hard edges, "lanczos" is the sharpest.
    """
    width, height = (side // multiple * multiple or side for side in (image.width, image.height))
    return resize(image, width, height, crop=True, method=method)
