"""Make a picture transparent where a mask says so."""

from __future__ import annotations

from torch.nn.functional import interpolate

from app.engine.imaging.masks import for_batch, longer
from app.engine.media import Image, Mask
from app.graph.node import node


@node(lane="pool")
def join_alpha(image: Image, mask: Mask) -> Image:
    """Make pictures transparent where a mask is white; saving as PNG, WebP or AVIF keeps that.

    Args:
        image: The pictures. Nodes that change pixels leave transparency out again, so join it last.
        mask: Where they are transparent; brought to their size.
    """
    size = (image.height, image.width)
    coverage = interpolate(mask.coverage[:, None], size, mode="bilinear", align_corners=False)[:, 0]
    batch = longer(image.pixels, coverage, "mask")
    pixels = for_batch(image.pixels, batch, "image")
    return Image(pixels, for_batch(coverage.clamp(0, 1), batch, "mask").contiguous())
