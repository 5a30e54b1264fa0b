"""Save pictures as PNG files that carry the document which made them."""

from __future__ import annotations

import json
import re
from typing import Annotated

from app.engine.media import Image
from app.engine.pictures import png
from app.graph.node import Context, node
from app.graph.widgets import TextLine

CHUNK = "patchloom"  # PNG text chunk from which the document can be opened again


@node(output=True)
def save_image(
    context: Context,
    image: Image,
    prefix: Annotated[str, TextLine(100)] = "picture",
) -> None:
    """Save every picture of a batch to the output folder. Dropping the file on the canvas opens its workflow.

    Args:
        image: The pictures to save.
        prefix: Start of the file names; a number is added. Signs that a file name cannot have become "_".
    """
    name = f"{file_name(prefix)}_{{n}}.png"
    text = {CHUNK: json.dumps(context.document(), ensure_ascii=True)}
    for data in png(image, text):
        context.save(name, data, width=image.width, height=image.height)


def file_name(prefix: str) -> str:
    """Return `prefix` as a file name that every system takes, in the output folder and nowhere else."""
    return re.sub(r"[^\w\- ]+", "_", prefix).strip("_ ") or "picture"
