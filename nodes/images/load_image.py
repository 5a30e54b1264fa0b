"""Load a picture from the input folder."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.imaging.pictures import Behind, open_layers
from app.engine.media import Image, Mask
from app.graph.node import Context, node
from app.graph.widgets import ImageFile


class LoadedImage(NamedTuple):
    """A picture, and where it is transparent."""

    image: Image
    mask: Mask


@node(lane="pool")
def load_image(
    context: Context, name: Annotated[str, ImageFile()], transparent: Behind = "white"
) -> LoadedImage:
    """Open an uploaded picture, upright, and a mask of its transparent parts.

    Args:
        name: The picture, in any common format.
        transparent: What shows in transparent parts; "as stored" is the colour that the file holds there,
            which is what somebody erased to make a mask.
    """
    return LoadedImage(*open_layers(context.input_path(name), transparent))
