"""Load a mask from a picture in the input folder."""

from __future__ import annotations

from typing import Annotated, Literal

from app.engine.imaging.pictures import open_layers
from app.engine.media import Mask
from app.graph.node import Context, node
from app.graph.widgets import ImageFile

CHANNELS = {"red": 0, "green": 1, "blue": 2}


@node(lane="pool")
def load_mask(
    context: Context,
    name: Annotated[str, ImageFile()],
    channel: Literal["transparency", "red", "green", "blue"] = "transparency",
) -> Mask:
    """Open one channel of an uploaded picture as a mask.

    Args:
        name: The picture.
        channel: "transparency" is 1 where the picture is see-through; a colour is 1 where it is brightest.
    """
    image, transparent = open_layers(context.input_path(name), "as stored")
    return transparent if channel == "transparency" else Mask(image.pixels[..., CHANNELS[channel]].clone())
