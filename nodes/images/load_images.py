"""Load all pictures of a folder, one after the other."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Annotated, NamedTuple

from app.engine.imaging.pictures import open_layers
from app.engine.media import Image
from app.graph.node import Context, node
from app.graph.problem import Refusal
from app.graph.widgets import ImageFolder, Number, TextLine


class LoadedImages(NamedTuple):
    """The pictures and their file names."""

    image: list[Image]
    name: list[str]


@node(lane="pool")
def load_images(
    context: Context,
    folder: Annotated[str, ImageFolder()] = ".",
    pattern: Annotated[str, TextLine(200)] = "*",
    subfolders: bool = False,
    start: Annotated[int, Number(0, 1_000_000)] = 0,
    most: Annotated[int, Number(1, 10_000)] = 100,
) -> LoadedImages:
    """Open the pictures of a folder in the order of their names; what they feed runs once for each.

    Args:
        folder: A folder below the input folder; "." is that folder itself.
        pattern: Which file names, with * for any letters and ? for one: "cat_*.png".
        subfolders: Whether to look into folders inside, too.
        start: How many to leave out at the beginning.
        most: How many at most; all of them are in memory at once.
    """
    found = [name for name in context.input_images(folder, subfolders) if fits(name, pattern)]
    names = sorted(found, key=natural)[start : start + most]
    if not names:
        message = f"of the pictures in '{folder}', none beyond the first {start} fits '{pattern}'."
        raise Refusal(message, "Put pictures there, or change the pattern.", input="folder")
    pictures = [open_layers(context.input_path(name), "white")[0] for name in names]
    return LoadedImages(pictures, [name.rpartition("/")[2] for name in names])


def fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name.rpartition("/")[2].lower(), pattern.lower())


def natural(name: str) -> list[tuple[int, str]]:
    """Order numbers in names by size: frame 2 before frame 10."""
    return [(int(part), "") if part.isdecimal() else (-1, part) for part in re.split(r"(\d+)", name.lower())]
