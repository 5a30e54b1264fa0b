"""Load a picture from the input folder."""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Image
from app.engine.pictures import open_picture
from app.graph.node import Context, node
from app.graph.widgets import ImageFile


@node()
def load_image(context: Context, name: Annotated[str, ImageFile()]) -> Image:
    """Open an uploaded picture, upright, with transparent parts turned white.

    Args:
        name: The picture, in any common format.
    """
    return open_picture(context.input_path(name))
