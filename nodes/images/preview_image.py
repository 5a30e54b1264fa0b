"""Show pictures on the canvas without keeping them."""

from __future__ import annotations

from app.engine.imaging.pictures import png
from app.engine.media import Image
from app.graph.node import Context, node


@node(output=True, lane="pool")
def preview_image(context: Context, image: Image) -> Image:
    """Show every picture of a batch, and hand it on. The files are temporary.

    Args:
        image: The pictures to show.
    """
    for data in png(image):
        context.save("preview_{n}.png", data, width=image.width, height=image.height, temporary=True)
    return image
