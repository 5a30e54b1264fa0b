"""Lay the pictures of a batch out in rows and columns."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.imaging.colours import colour_of
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Color, Number


@node(lane="pool")
def image_grid(
    image: Image,
    columns: Annotated[int, Number(0, 100)] = 0,
    gap: Annotated[int, Number(0, 1024, unit="px")] = 4,
    color: Annotated[str, Color()] = "#ffffff",
) -> Image:
    """Make one picture of all the pictures of a batch, side by side, to look at them together.

    Args:
        image: The batch.
        columns: How many stand beside each other; 0 for about as many as below each other.
        gap: Room between them.
        color: Colour of the gaps, and of places that stay free in the last row.
    """
    count, height, width, _ = image.pixels.shape
    across = min(count, columns or round(count**0.5 + 0.499))
    down = -(-count // across)
    size = (1, down * (height + gap) - gap, across * (width + gap) - gap, 3)
    sheet = colour_of(color).expand(size).clone()
    for index, pixels in enumerate(image.pixels):
        top, left = index // across * (height + gap), index % across * (width + gap)
        sheet[0, top : top + height, left : left + width] = pixels
    return Image(torch.as_tensor(sheet))
