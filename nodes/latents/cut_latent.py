"""Cut a latent along one axis."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Literal

from app.engine.latents.reshaping import AXES, along, mapped
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Number


@node()
def cut_latent(
    latent: Latent,
    axis: Literal["x", "y", "frames"] = "frames",
    start: Annotated[int, Number(-16384, 16384)] = 0,
    amount: Annotated[int, Number(1, 100_000)] = 1,
) -> Latent:
    """Keep some cells of a latent along its width or height, or some latent frames of a video.

    Args:
        latent: The latent.
        axis: Along what to cut.
        start: Number of the first cell or frame to keep, from 0; below 0 counts from the end.
        amount: How many to keep, as far as there are so many.
    """
    length = along(latent, axis)
    first = max(0, length + start) if start < 0 else min(start, length - 1)
    kept = min(amount, length - first)
    if axis == "frames" and latent.mask is not None and latent.mask.ndim == 3:  # one mask for all frames
        return replace(latent, samples=latent.samples.narrow(AXES[axis], first, kept))
    return mapped(latent, lambda samples: samples.narrow(AXES[axis], first, kept))
