"""Add room around pictures, to be filled by a model."""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch
from torch import Tensor

from app.engine.imaging.colours import colour_of
from app.engine.imaging.resizing import refuse_size
from app.engine.media import Image, Mask
from app.graph.node import node
from app.graph.widgets import Color, Number

Border = Annotated[int, Number(0, 8192, step=8, unit="px")]


class PaddedImage(NamedTuple):
    """The larger picture, and where it is new."""

    image: Image
    mask: Mask


@node(lane="pool")
def pad_image(
    image: Image,
    left: Border = 0,
    top: Border = 0,
    right: Border = 0,
    bottom: Border = 0,
    feather: Annotated[int, Number(0, 1024, unit="px")] = 0,
    color: Annotated[str, Color()] = "#808080",
) -> PaddedImage:
    """Add borders to pictures and mark them in a mask, so that a model can paint beyond the old edges.

    Args:
        image: The pictures.
        left: How much to add on the left.
        top: How much to add above.
        right: How much to add on the right.
        bottom: How much to add below.
        feather: How far the mask fades out inside the old picture, at edges that got a border.
        color: Colour of the borders, such as #ff8000 or white.
    """
    width, height = image.width + left + right, image.height + top + bottom
    refuse_size(width, height)
    pixels = colour_of(color).expand(len(image.pixels), height, width, 3).clone()
    pixels[:, top : top + image.height, left : left + image.width] = image.pixels
    mask = torch.ones(1, height, width)
    inner = fading(image.width, left, right, feather), fading(image.height, top, bottom, feather)
    distance = torch.minimum(inner[0][None, :], inner[1][:, None])
    mask[0, top : top + image.height, left : left + image.width] = (1 - distance) ** 2
    return PaddedImage(Image(pixels), Mask(mask))


def fading(length: int, before: int, after: int, feather: int) -> Tensor:
    """(length,): distance from the ends that got a border, 1 from `feather` pixels on."""
    if feather == 0:
        return torch.ones(length)
    at = torch.arange(length, dtype=torch.float32)
    from_start = at if before else torch.full_like(at, float(feather))
    from_end = length - at if after else torch.full_like(at, float(feather))
    return (torch.minimum(from_start, from_end) / feather).clamp(0, 1)
