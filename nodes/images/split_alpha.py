"""Take a transparent picture apart into its colours and a mask."""

from __future__ import annotations

from typing import NamedTuple

import torch

from app.engine.media import Image, Mask
from app.graph.node import node


class Layers(NamedTuple):
    """The colours, and where they are transparent."""

    image: Image
    mask: Mask


@node(lane="pool")
def split_alpha(image: Image) -> Layers:
    """Give the colours of pictures, and a mask that is white where they are transparent.

    Args:
        image: The pictures; ones without transparency give a black mask.
    """
    clear = image.transparency
    return Layers(Image(image.pixels), Mask(torch.zeros(image.pixels.shape[:3]) if clear is None else clear))
