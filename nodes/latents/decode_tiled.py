"""Decode in overlapping tiles, for pictures too large to decode at once."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents import tiling
from app.engine.latents.time_tiling import decode_in_stretches
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.graph.node import Context, node
from app.graph.widgets import Number


@node()
def decode_tiled(
    context: Context,
    vae: Vae,
    latent: Latent,
    tile: Annotated[int, Number(64, 4096, step=64, unit="px")] = 512,
    overlap: Annotated[int, Number(0, 2048, step=8, unit="px")] = 64,
    frames: Annotated[int, Number(0, 4096, step=4, unit="frames")] = 0,
    frame_overlap: Annotated[int, Number(4, 4096, step=4, unit="frames")] = 8,
) -> Image:
    """Turn a large latent into a picture or video, tile by tile. Needs the memory of one tile.

    Args:
        vae: The autoencoder that came with the model.
        latent: What the sampler made.
        tile: Side of a tile; a picture that is no larger is decoded at once.
        overlap: How far neighbouring tiles overlap; more makes the seams fainter.
        frames: How many frames of a video to decode at once; 0 for all of them. The autoencoders of Wan,
            CogVideoX and HunyuanVideo divide time by themselves; for LTX-Video it saves memory.
        frame_overlap: How many frames neighbouring stretches have in common, half of `frames` at most.
    """
    tiling.refuse_overlap(tile, overlap)
    form = vae.family.latent

    def decode(part: Latent) -> Image:
        return tiling.decode_tiled(
            vae, part, tile // form.downscale, overlap // form.downscale, context.progress
        )

    return decode_in_stretches(latent, form, frames, frame_overlap, decode)
