"""Look at two pictures beside each other."""

from __future__ import annotations

from app.engine.imaging.pictures import png
from app.engine.media import Image
from app.graph.node import Context, node


@node(output=True, lane="pool")
def compare_images(context: Context, before: Image | None = None, after: Image | None = None) -> None:
    """Show pictures to compare on the canvas without keeping them.

    Args:
        before: The pictures to be compared with.
        after: The pictures that came out.
    """
    for name, image in (("before", before), ("after", after)):
        if image is not None:
            for data in png(image):
                file = f"compare_{name}_{{n}}.png"
                context.save(file, data, width=image.width, height=image.height, temporary=True)
