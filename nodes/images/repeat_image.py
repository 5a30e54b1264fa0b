"""Repeat pictures in a batch."""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def repeat_image(image: Image, amount: Annotated[int, Number(1, 4096)] = 1) -> Image:
    """Repeat a batch of pictures, for example to make a still clip.

    Args:
        image: The pictures.
        amount: How often they come.
    """
    return Image(image.pixels.repeat(amount, 1, 1, 1))
