"""Put two pictures side by side."""

from __future__ import annotations

from typing import Annotated, Literal

import torch
from torch import Tensor

from app.engine.imaging.colours import colour_of
from app.engine.imaging.masks import for_batch, longer
from app.engine.imaging.resizing import proportional, resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Color, Number


@node(lane="pool")
def stitch_images(
    image: Image,
    neighbour: Image | None = None,
    direction: Literal["right", "down", "left", "up"] = "right",
    match_size: bool = True,
    gap: Annotated[int, Number(0, 1024, unit="px")] = 0,
    color: Annotated[str, Color()] = "#ffffff",
) -> Image:
    """Put a picture beside another one.

    Args:
        image: The first picture.
        neighbour: The picture beside it; without one the first stays alone.
        direction: Where the neighbour stands, seen from the first picture.
        match_size: Whether the neighbour gets the height (beside it) or width (above and below) of the first.
        gap: Room between the two.
        color: Colour of the gap, and of what is left free beside a smaller picture.
    """
    if neighbour is None:
        return image
    beside = direction in ("right", "left")
    if match_size:
        wanted = (0, image.height) if beside else (image.width, 0)
        neighbour = resize(neighbour, *proportional(neighbour, *wanted), crop=False, method="lanczos")
    batch = longer(image.pixels, neighbour.pixels, "neighbour")
    pictures = [for_batch(image.pixels, batch, "image"), for_batch(neighbour.pixels, batch, "neighbour")]
    along, across = (2, 1) if beside else (1, 2)
    colour = colour_of(color)
    longest = max(picture.shape[across] for picture in pictures)
    parts = [centred(picture, across, longest, colour) for picture in pictures]
    room = list(parts[0].shape)
    room[along] = gap
    first, second = parts if direction in ("right", "down") else reversed(parts)
    return Image(torch.cat([first, colour.expand(room), second], dim=along))


def centred(pixels: Tensor, axis: int, length: int, colour: Tensor) -> Tensor:
    """Return pictures in the middle of a coloured frame that is `length` pixels long along an axis."""
    shape = list(pixels.shape)
    start, size = (length - shape[axis]) // 2, shape[axis]
    shape[axis] = length
    frame = colour.expand(shape).clone()
    frame.narrow(axis, start, size).copy_(pixels)
    return frame
