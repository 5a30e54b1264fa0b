"""Paint a mask over a picture."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.imaging.filters import to_grey
from app.engine.imaging.pictures import open_layers
from app.engine.imaging.resizing import resize_coverage
from app.engine.media import Image, Mask
from app.graph.node import Context, node
from app.graph.widgets import MaskPainter


@node(lane="pool")
def draw_mask(context: Context, image: Image, drawing: Annotated[str, MaskPainter()] = "") -> Mask:
    """Give the mask that was painted over a picture.

    Args:
        image: The picture, from which the mask gets its size.
        drawing: Name of an uploaded picture: what is light and not see-through in it is inside the mask.
    """
    if not drawing:
        return Mask(torch.zeros(1, image.height, image.width))
    painted, transparent = open_layers(context.input_path(drawing), "as stored")
    coverage = to_grey(painted.pixels)[:, 0] * (1 - transparent.coverage)
    return resize_coverage(Mask(coverage.clamp(0, 1)), image.width, image.height)
