"""Encode in overlapping tiles, for pictures too large to encode at once."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents import tiling
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.graph.node import Context, node
from app.graph.widgets import Number


@node()
def encode_tiled(
    context: Context,
    vae: Vae,
    image: Image,
    tile: Annotated[int, Number(64, 4096, step=64, unit="px")] = 512,
    overlap: Annotated[int, Number(0, 2048, step=8, unit="px")] = 64,
) -> Latent:
    """Turn a large picture into a latent, tile by tile. Needs the memory of one tile.

    Args:
        vae: The autoencoder that came with the model.
        image: The picture; its sides must be multiples of what the model works in.
        tile: Side of a tile; a picture that is no larger is encoded at once.
        overlap: How far neighbouring tiles overlap; more makes the seams fainter.
    """
    tiling.refuse_overlap(tile, overlap)
    side = vae.family.latent.downscale
    return tiling.encode_tiled(vae, image, tile // side, overlap // side, context.progress)
