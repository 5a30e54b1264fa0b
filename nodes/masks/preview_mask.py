"""Show masks on the canvas without keeping them."""

from __future__ import annotations

from app.engine.imaging.pictures import png
from app.engine.media import Image, Mask
from app.graph.node import Context, node


@node(output=True, lane="pool")
def preview_mask(context: Context, mask: Mask) -> Mask:
    """Show every mask as a grey picture: white is inside; hands it on. The files are temporary.

    Args:
        mask: The masks to show.
    """
    for data in png(Image(mask.coverage[..., None].repeat(1, 1, 1, 3))):
        context.save("mask_{n}.png", data, width=mask.width, height=mask.height, temporary=True)
    return mask
