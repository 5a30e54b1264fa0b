"""Blur pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.filters import blur
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node(lane="pool")
def blur_image(
    image: Image,
    radius: Annotated[int, Number(0, 256, unit="px")] = 4,
    sigma: Annotated[float, Slider(0.1, 10.0, step=0.1)] = 0.4,
) -> Image:
    """Blur pictures with a Gaussian.

    Args:
        image: The pictures.
        radius: How far a pixel reaches; 0 changes nothing.
        sigma: Standard deviation of the Gaussian, in radii; large values weigh all pixels in reach alike.
    """
    blurred = blur(image.pixels.movedim(-1, 1), radius, sigma * max(radius, 1))
    return Image(blurred.clamp(0, 1).movedim(1, -1).contiguous())
