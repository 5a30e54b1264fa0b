"""Sharpen pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.filters import blur
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node(lane="pool")
def sharpen_image(
    image: Image,
    radius: Annotated[int, Number(1, 256, unit="px")] = 2,
    sigma: Annotated[float, Slider(0.1, 10.0, step=0.1)] = 0.4,
    strength: Annotated[float, Slider(0.0, 50.0, step=0.1)] = 1.0,
) -> Image:
    """Sharpen pictures by adding what a blur takes away (unsharp mask).

    Args:
        image: The pictures.
        radius: How far the blur reaches.
        sigma: Standard deviation of the blur, in radii.
        strength: How much of the difference is added; 0 changes nothing.
    """
    values = image.pixels.movedim(-1, 1)
    sharp = values + strength * (values - blur(values, radius, sigma * radius))
    return Image(sharp.clamp(0, 1).movedim(1, -1).contiguous())
