"""Resize pictures, above all to a size that the model takes."""

from __future__ import annotations

from typing import Annotated, Literal

from app.engine.imaging.colours import colour_of
from app.engine.imaging.resizing import Method, proportional, resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Color, Number


@node(lane="pool")
def resize_image(
    image: Image,
    width: Annotated[int, Number(0, 16384, unit="px")] = 1024,
    height: Annotated[int, Number(0, 16384, unit="px")] = 1024,
    fit: Literal["crop", "stretch", "pad"] = "crop",
    method: Method = "bicubic",
    color: Annotated[str, Color()] = "#000000",
) -> Image:
    """Bring pictures to a given size.

    Args:
        image: The pictures.
        width: New width; 0 for what keeps the proportions.
        height: New height; 0 for what keeps the proportions.
        fit: "crop" keeps proportions and cuts off what stands out on both sides; "stretch" keeps everything;
            "pad" keeps proportions and everything, with bars on both sides.
        method: How pixels are mixed; "nearest" keeps hard edges, "lanczos" is the sharpest.
        color: Colour of the bars, such as #ff8000 or white.
    """
    width, height = proportional(image, width, height)
    if fit == "pad":
        return padded(image, width, height, method, color)
    return resize(image, width, height, crop=fit == "crop", method=method)


def padded(image: Image, width: int, height: int, method: Method, color: str) -> Image:
    """Return the pictures as large as they fit into the size, in the middle of bars."""
    scale = min(width / image.width, height / image.height)
    inner = max(1, min(width, int(image.width * scale))), max(1, min(height, int(image.height * scale)))
    resized = resize(image, *inner, crop=False, method=method).pixels
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    result = colour_of(color).expand(len(resized), height, width, 3).clone()
    result[:, top : top + inner[1], left : left + inner[0]] = resized
    return Image(result)
