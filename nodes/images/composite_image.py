"""Lay one picture on another."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.colours import BLENDS, Blend
from app.engine.imaging.masks import fitted, for_batch, longer, place
from app.engine.imaging.resizing import resize
from app.engine.media import Image, Mask
from app.graph.node import node
from app.graph.widgets import Number, Slider

Place = Annotated[int, Number(-16384, 16384, unit="px")]


@node(lane="pool")
def composite_image(
    image: Image,
    overlay: Image,
    mask: Mask | None = None,
    x: Place = 0,
    y: Place = 0,
    opacity: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    blend: Blend = "normal",
    resize_overlay: bool = False,
) -> Image:
    """Lay a picture on another one, as far as a mask lets it through.

    Args:
        image: The picture below.
        overlay: The picture above; what lies outside of the lower one is cut off.
        mask: Where the upper picture shows; of another size it is resized to the upper picture.
        x: Left edge of the upper picture.
        y: Upper edge of the upper picture.
        opacity: How much of the upper picture shows; 0 changes nothing.
        blend: How its colours change those below.
        resize_overlay: Whether the upper picture is first stretched to the size of the lower one.
    """
    batch = longer(image.pixels, overlay.pixels, "overlay")
    above = resize(overlay, image.width, image.height, crop=False) if resize_overlay else overlay
    below = for_batch(image.pixels, batch, "image")
    laid = for_batch(above.pixels, batch, "overlay")
    coverage = laid.new_ones(laid.shape[:3])
    if mask is not None:
        coverage = fitted(mask, above.width, above.height, batch)
    if blend == "normal":
        return Image(place(below, laid, coverage * opacity, x, y))
    whole = laid.new_ones(laid.shape[:3])
    mixed = BLENDS[blend](below, place(below, laid, whole, x, y)).clamp(0, 1)
    here = place(below.new_zeros(*below.shape[:3], 1), coverage[..., None], whole, x, y)
    return Image(below + (mixed - below) * here * opacity)
