"""Change brightness, contrast and colours of pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.filters import LUMA
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Slider

Factor = Annotated[float, Slider(0.0, 4.0, step=0.01)]


@node(lane="pool")
def adjust_image(
    image: Image,
    brightness: Factor = 1.0,
    contrast: Factor = 1.0,
    saturation: Factor = 1.0,
    gamma: Annotated[float, Slider(0.1, 4.0, step=0.01)] = 1.0,
) -> Image:
    """Make pictures brighter or darker, harder or softer, more or less colourful.

    Args:
        image: The pictures.
        brightness: Factor of all values; 0 is black, 1 changes nothing.
        contrast: Factor of the distance from middle grey; 0 is grey all over, 1 changes nothing.
        saturation: Factor of the distance from the grey of the same brightness; 0 is black and white.
        gamma: Above 1 brightens dark parts most, below 1 darkens them; 1 changes nothing.
    """
    pixels = image.pixels * brightness
    pixels = (pixels - 0.5) * contrast + 0.5 if contrast != 1 else pixels
    if saturation != 1:
        grey = (pixels @ LUMA)[..., None]
        pixels = grey + (pixels - grey) * saturation
    return Image(pixels.clamp(0, 1) ** (1 / gamma))
