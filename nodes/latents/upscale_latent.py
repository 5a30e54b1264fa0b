"""Resize a latent to a size in pixels."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents.reshaping import Method, cells, resized
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Number


@node()
def upscale_latent(
    latent: Latent,
    width: Annotated[int, Number(16, 16384, step=16, unit="px")] = 1024,
    height: Annotated[int, Number(16, 16384, step=16, unit="px")] = 1024,
    method: Method = "bislerp",
) -> Latent:
    """Enlarge or shrink a latent, to sample it once more at the new size.

    Args:
        latent: The latent.
        width: New width of the picture.
        height: New height of the picture.
        method: How to fill the new cells; "bislerp" keeps contrast, "nearest-exact" suits a second pass.
    """
    return resized(latent, cells(latent, height, "height"), cells(latent, width, "width"), method)
