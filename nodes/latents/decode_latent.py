"""Decode a latent into the picture it stands for."""

from __future__ import annotations

from app.engine.latents import tiling
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.graph.node import node


@node()
def decode_latent(vae: Vae, latent: Latent) -> Image:
    """Turn a latent into a picture.

    Args:
        vae: The autoencoder that came with the model.
        latent: What the sampler made. The frames of a video come out as a batch of pictures.
    """
    return tiling.decode(vae, latent)
