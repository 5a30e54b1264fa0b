"""Mirror pictures."""

from __future__ import annotations

from typing import Literal

from app.engine.media import Image
from app.graph.node import node


@node(lane="pool")
def flip_image(image: Image, axis: Literal["left-right", "up-down"] = "left-right") -> Image:
    """Mirror pictures.

    Args:
        image: The pictures.
        axis: Which sides change places.
    """
    return Image(image.pixels.flip(2 if axis == "left-right" else 1))
