"""Put pictures into one batch."""

from __future__ import annotations

import torch

from app.engine.imaging.resizing import Method, resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.problem import Refusal


@node(lane="pool")
def batch_images(images: list[Image], method: Method = "bilinear") -> Image:
    """Put pictures into one batch, which is worked on in one go.

    Args:
        images: The pictures, in the order of their edges; others than the first are cropped to its size.
        method: How pixels are mixed where the size changes.
    """
    if not images:
        raise Refusal("There is no picture.", "Connect at least one.", input="images")
    first = images[0]
    same = [resize(image, first.width, first.height, crop=True, method=method).pixels for image in images]
    return Image(torch.cat(same))
