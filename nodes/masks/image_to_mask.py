"""Take one channel of a picture as a mask."""

from __future__ import annotations

from typing import Literal

from app.engine.imaging.filters import to_grey
from app.engine.media import Image, Mask
from app.graph.node import node

CHANNELS = {"red": 0, "green": 1, "blue": 2}


@node(lane="pool")
def image_to_mask(image: Image, channel: Literal["red", "green", "blue", "brightness"] = "red") -> Mask:
    """Take one channel of pictures as masks: bright is inside.

    Args:
        image: The pictures.
        channel: Which channel.
    """
    if channel == "brightness":
        return Mask(to_grey(image.pixels)[:, 0])
    return Mask(image.pixels[..., CHANNELS[channel]].clone())
