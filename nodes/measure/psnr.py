"""PSNR: the error of a picture against another one, in decibels."""

from __future__ import annotations

from app.engine.imaging import metrics
from app.engine.media import Image
from app.graph.node import node


@node(title="PSNR")
def psnr(image: Image, reference: Image) -> float:
    """Return the peak signal-to-noise ratio in decibels: 20 is rough, 30 close, 40 hard to tell apart.

    Args:
        image: The pictures to judge.
        reference: What they should look like; as many and as large.
    """
    return metrics.psnr(image, reference)
