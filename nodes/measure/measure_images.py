"""Measure images: PSNR and SSIM, and a picture of where the difference is."""

from __future__ import annotations

from math import isfinite
from typing import Annotated, NamedTuple

from app.engine.imaging import metrics
from app.engine.media import Image
from app.graph.node import Context, node
from app.graph.widgets import Slider


class Measured(NamedTuple):
    """How near the pictures are, and where they differ."""

    difference: Image
    psnr: float
    ssim: float


@node()
def measure_images(
    context: Context,
    image: Image,
    reference: Image,
    gain: Annotated[float, Slider(1.0, 20.0, step=0.5)] = 4.0,
) -> Measured:
    """Measure how near pictures are to others, in the report of the node too, and show where they differ.

    Args:
        image: The pictures to judge, for example made with a technique.
        reference: What they should look like, for example made without it from the same seed.
        gain: How much to brighten the difference.
    """
    psnr, ssim = metrics.psnr(image, reference), metrics.ssim(image, reference)
    context.report({"technique": "measure_images", "psnr": psnr if isfinite(psnr) else "equal", "ssim": ssim})
    difference = (image.pixels - reference.pixels).abs() * gain
    return Measured(Image(difference.clamp(0, 1)), psnr, ssim)
