"""Turn the colours of pictures around."""

from __future__ import annotations

from app.engine.media import Image
from app.graph.node import node


@node(lane="pool")
def invert_image(image: Image) -> Image:
    """Turn every colour into its opposite, as in a negative.

    Args:
        image: The pictures.
    """
    return Image(1 - image.pixels)
