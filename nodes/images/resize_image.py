"""Resize pictures, above all to a size that the model takes."""

from __future__ import annotations

from typing import Annotated, Literal

from app.engine.media import Image
from app.engine.pictures import resize
from app.graph.node import node
from app.graph.widgets import Number


@node()
def resize_image(
    image: Image,
    width: Annotated[int, Number(1, 16384, unit="px")] = 1024,
    height: Annotated[int, Number(1, 16384, unit="px")] = 1024,
    fit: Literal["crop", "stretch"] = "crop",
) -> Image:
    """Bring pictures to a given size.

    Args:
        image: The pictures.
        width: New width.
        height: New height.
        fit: "crop" keeps proportions and cuts off what stands out on both sides; "stretch" keeps everything.
    """
    return resize(image, width, height, crop=fit == "crop")
