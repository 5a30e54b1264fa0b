"""Mix two pictures."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.imaging.colours import BLENDS, Blend
from app.engine.imaging.masks import for_batch, longer
from app.engine.imaging.resizing import resize
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Slider


@node(lane="pool")
def blend_images(
    image: Image,
    overlay: Image,
    opacity: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.5,
    blend: Blend = "normal",
) -> Image:
    """Mix two pictures all over; the second gets the size of the first.

    Args:
        image: The picture below.
        overlay: The picture above.
        opacity: How much of the upper picture shows; 0 changes nothing.
        blend: How its colours change those below.
    """
    batch = longer(image.pixels, overlay.pixels, "overlay")
    below = for_batch(image.pixels, batch, "image")
    above = for_batch(resize(overlay, image.width, image.height, crop=True).pixels, batch, "overlay")
    mixed = BLENDS[blend](below, above)
    return Image(torch.lerp(below, mixed, opacity).clamp(0, 1))
