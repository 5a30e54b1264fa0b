"""Encode a picture, to start sampling from it instead of from nothing."""

from __future__ import annotations

from app.engine.latents import tiling
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.graph.node import node


@node()
def encode_image(vae: Vae, image: Image) -> Latent:
    """Turn a picture into a latent.

    Args:
        vae: The autoencoder that came with the model.
        image: The picture; its sides must be multiples of what the model works in (Resize image helps). For a
            video model the pictures of a batch are the frames of one video.
    """
    return tiling.encode(vae, image)
