"""Cut a part out of a latent."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents.reshaping import cells, form_of, mapped
from app.engine.media import Latent
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


@node()
def crop_latent(
    latent: Latent,
    x: Annotated[int, Number(0, 16384, step=8, unit="px")] = 0,
    y: Annotated[int, Number(0, 16384, step=8, unit="px")] = 0,
    width: Annotated[int, Number(16, 16384, step=16, unit="px")] = 512,
    height: Annotated[int, Number(16, 16384, step=16, unit="px")] = 512,
) -> Latent:
    """Keep a rectangle of a latent.

    Args:
        latent: The latent.
        x: Left side of the rectangle, rounded down to whole cells.
        y: Upper side of the rectangle, rounded down to whole cells.
        width: Its width.
        height: Its height.
    """
    side = form_of(latent).downscale
    rows, columns = cells(latent, height, "height"), cells(latent, width, "width")
    top, left = y // side, x // side
    if top + rows > latent.samples.shape[-2] or left + columns > latent.samples.shape[-1]:
        whole = latent.samples.shape[-1] * side, latent.samples.shape[-2] * side
        raise Refusal(
            f"The rectangle ends at ({x + width}, {y + height}), the picture is {whole[0]} x {whole[1]}.",
            "Choose a rectangle inside the picture.",
            code="outside",
            input="width" if left + columns > latent.samples.shape[-1] else "height",
        )
    return mapped(latent, lambda samples: samples[..., top : top + rows, left : left + columns])
