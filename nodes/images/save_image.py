"""Save pictures as files that carry the document which made them."""

from __future__ import annotations

import json
import re
from typing import Annotated

from app.engine.imaging.encoding import SUFFIXES, PictureFormat, encoded
from app.engine.media import Image
from app.graph.node import Context, node
from app.graph.widgets import Slider, TextLine


@node(output=True, lane="pool")
def save_image(
    context: Context,
    image: Image,
    prefix: Annotated[str, TextLine(100)] = "picture",
    format: PictureFormat = "png",
    quality: Annotated[int, Slider(1, 100, step=1)] = 90,
) -> Image:
    """Save every picture of a batch, and hand it on. Dropping the file on the canvas opens its workflow.

    Args:
        image: The pictures to save.
        prefix: Start of the file names; a number is added. Signs that a file name cannot have become "_".
        format: PNG and WebP carry the workflow; JPEG carries one of up to 65 kB, AVIF none that opens.
        quality: For WebP, JPEG and AVIF: higher looks better and is larger; at 100 WebP loses nothing.
    """
    name = f"{file_name(prefix)}_{{n}}.{SUFFIXES[format]}"
    document = json.dumps(context.document(), ensure_ascii=True)
    for data in encoded(image, format, quality, document):
        context.save(name, data, width=image.width, height=image.height)
    return image


def file_name(prefix: str) -> str:
    """Return `prefix` as a file name that every system takes, in the output folder and nowhere else."""
    return re.sub(r"[^\w\- ]+", "_", prefix).strip("_ ") or "picture"
