"""Bring pictures to the size of another picture."""

from __future__ import annotations

from typing import Literal

from app.engine.imaging.resizing import Method, resize
from app.engine.media import Image
from app.graph.node import node


@node(lane="pool")
def match_size(
    image: Image,
    like: Image,
    fit: Literal["crop", "stretch"] = "crop",
    method: Method = "lanczos",
) -> Image:
    """Bring pictures to the size of another picture.

    Args:
        image: The pictures.
        like: The picture whose size they get.
        fit: "crop" keeps proportions and cuts off what stands out on both sides; "stretch" keeps everything.
        method: How pixels are mixed; "nearest" keeps hard edges, "lanczos" is the sharpest.
    """
    return resize(image, like.width, like.height, crop=fit == "crop", method=method)
