"""Resize a latent by a factor."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents.reshaping import Method, form_of, resized
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def upscale_latent_by(
    latent: Latent,
    scale: Annotated[float, Slider(0.1, 8.0, step=0.05)] = 1.5,
    method: Method = "bislerp",
) -> Latent:
    """Enlarge or shrink a latent by a factor, to the nearest size that the model works in.

    Args:
        latent: The latent.
        scale: 2 doubles both sides; 1 changes nothing.
        method: How to fill the new cells; "bislerp" keeps contrast, "nearest-exact" suits a second pass.
    """
    patch = form_of(latent).patch[-1]
    sides = (latent.samples.shape[-2], latent.samples.shape[-1])
    height, width = (max(1, round(side * scale / patch)) * patch for side in sides)
    return resized(latent, height, width, method)
