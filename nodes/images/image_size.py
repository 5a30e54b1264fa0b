"""Read the size of pictures."""

from __future__ import annotations

from typing import NamedTuple

from app.engine.media import Image
from app.graph.node import node


class ImageSize(NamedTuple):
    """Pixels and pictures."""

    width: int
    height: int
    batch_size: int


@node(lane="pool")
def image_size(image: Image) -> ImageSize:
    """Give width, height and number of the pictures in a batch.

    Args:
        image: The pictures.
    """
    return ImageSize(image.width, image.height, len(image.pixels))
