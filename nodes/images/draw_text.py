"""Write on pictures."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import torch

from app.engine.imaging.colours import colour_of
from app.engine.imaging.masks import place
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Color, Number, Slider, TextBox

ANCHORS = {"left": "lm", "center": "mm", "right": "rm"}  # Pillow's words for the middle of the text's height


@node(lane="pool")
def draw_text(
    image: Image,
    text: Annotated[str, TextBox()] = "",
    x: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.5,
    y: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.9,
    size: Annotated[int, Number(4, 2048, unit="px")] = 32,
    color: Annotated[str, Color()] = "#ffffff",
    outline: Annotated[int, Number(0, 64, unit="px")] = 2,
    outline_color: Annotated[str, Color()] = "#000000",
    align: Literal["left", "center", "right"] = "center",
) -> Image:
    """Write a text on every picture of a batch.

    Args:
        image: The pictures.
        text: What to write; empty changes nothing.
        x: Where: 0 is the left edge, 1 the right edge.
        y: Where the middle of the text stands: 0 is the upper edge, 1 the lower edge.
        size: Height of the letters.
        color: Colour of the letters, such as #ff8000 or white.
        outline: Width of a line around the letters.
        outline_color: Colour of that line.
        align: Which part of the text stands at x, and how its lines are aligned.
    """
    if not text.strip():
        return image
    pixels = image.pixels
    for stroke, name in ((outline, outline_color), (0, color)):
        layer = PIL.Image.new("L", (image.width, image.height))
        PIL.ImageDraw.Draw(layer).text(
            (x * image.width, y * image.height),
            text,
            255,
            font=PIL.ImageFont.load_default(size),
            anchor=ANCHORS[align],
            align=align,
            stroke_width=stroke,
        )
        coverage = torch.from_numpy(np.array(layer, dtype=np.float32) / 255)
        pixels = place(pixels, colour_of(name).expand_as(pixels), coverage.expand(pixels.shape[:3]), 0, 0)
    return Image(pixels)
