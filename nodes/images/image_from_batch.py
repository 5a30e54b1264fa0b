"""Take pictures out of a batch."""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def image_from_batch(
    image: Image,
    start: Annotated[int, Number(-16384, 16384)] = 0,
    length: Annotated[int, Number(1, 16384)] = 1,
) -> Image:
    """Take some pictures out of a batch, or frames out of a clip.

    Args:
        image: The batch.
        start: Number of the first one; 0 is the first of the batch, -1 its last.
        length: How many; fewer come if the batch ends before.
    """
    count = len(image.pixels)
    first = min(max(start + count if start < 0 else start, 0), count - 1)
    return Image(image.pixels[first : first + length].clone())
