"""Show a mask as a picture."""

from __future__ import annotations

from app.engine.media import Image, Mask
from app.graph.node import node


@node(lane="pool")
def mask_to_image(mask: Mask) -> Image:
    """Turn masks into grey pictures: white is inside.

    Args:
        mask: The masks.
    """
    return Image(mask.coverage[..., None].repeat(1, 1, 1, 3))
