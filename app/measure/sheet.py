"""A contact sheet: the pictures of a sweep in a grid, each with its values."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw

from app.measure.grid import Axis
from app.measure.sweep import Cell

GAP, LINE, LARGEST = 8, 14, 512  # pixels


def contact_sheet(cells: Sequence[Cell], axes: Sequence[Axis], folder: Path) -> Image.Image:
    """Draw the first picture of each run; the last axis runs to the right."""
    columns = len(axes[-1].words)
    pictures = [shrunk(folder / cell.files[0]) for cell in cells]
    wide, high = (max(size) for size in zip(*(picture.size for picture in pictures), strict=True))
    label = LINE * len(axes)
    rows = -(-len(pictures) // columns)
    sheet = Image.new("RGB", (columns * (wide + GAP) + GAP, rows * (high + label + GAP) + GAP), "white")
    pen = ImageDraw.Draw(sheet)
    for at, (cell, picture) in enumerate(zip(cells, pictures, strict=True)):
        left, top = GAP + at % columns * (wide + GAP), GAP + at // columns * (high + label + GAP)
        sheet.paste(picture, (left, top))
        text = "\n".join(f"{place}={word}" for place, word in cell.point.items())
        pen.text((left, top + high + 1), fitted(text, wide, pen), fill="black")
    return sheet


def shrunk(path: Path) -> Image.Image:
    with Image.open(path) as file:
        picture = file.convert("RGB")
    picture.thumbnail((LARGEST, LARGEST))
    return picture


def fitted(text: str, width: int, pen: ImageDraw.ImageDraw) -> str:
    """Cut each line from the left, where the node's name stands, until it fits."""
    lines = text.split("\n")
    while wide := [at for at, line in enumerate(lines) if len(line) > 1 and pen.textlength(line) > width]:
        for at in wide:
            lines[at] = lines[at][1:]
    return "\n".join(lines)
