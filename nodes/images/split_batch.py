"""Take a batch apart: what follows runs once for each picture."""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def split_batch(image: Image, size: Annotated[int, Number(1, 4096)] = 1) -> list[Image]:
    """Give the pictures of a batch one after the other; what they feed runs once for each.

    Args:
        image: The batch.
        size: How many pictures go together.
    """
    starts = range(0, len(image.pixels), size)
    return [Image(image.pixels[start : start + size].clone()) for start in starts]
