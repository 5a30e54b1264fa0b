"""Show a model that fills holes the picture with its hole.

Reference: Black Forest Labs, FLUX.1 Fill (2024), https://github.com/black-forest-labs/flux/blob/main/docs/fill.md
"""

from __future__ import annotations

from typing import NamedTuple

from app.engine.conditioning import Conditioning
from app.engine.imaging.masks import fitted
from app.engine.latents.beside import fill_channels
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent, Mask
from app.graph.node import node

GREY = 0.5


class Inpaint(NamedTuple):
    """Both prompts with the picture beside the latent, and the latent of the whole picture."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node()
def inpaint_conditioning(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    image: Image,
    mask: Mask,
    keep_outside: bool = True,
    differential: bool = False,
) -> Inpaint:
    """Let a model that fills holes, such as Flux Fill, paint within a mask.

    Args:
        positive: What the picture should show.
        negative: What it should not; the same as `positive` where there is no such prompt.
        vae: The autoencoder that came with the model.
        image: The picture.
        mask: Where to paint anew.
        keep_outside: Whether sampling may change nothing outside of the mask; without it the model is free to
            blend. Other models do not see the hole and need it.
        differential: Whether greys of the mask say how strongly to change a place, instead of mixing old and
            new.
    """
    coverage = fitted(mask, image.width, image.height, len(image.pixels))
    hole = coverage.round()[..., None]
    masked = vae.encode(Image(image.pixels * (1 - hole) + GREY * hole)).samples
    beside = fill_channels(masked, coverage, vae.family.latent.downscale)
    latent = vae.encode(image)
    inside = coverage if keep_outside else None
    return Inpaint(
        positive.each(beside=beside),
        negative.each(beside=beside),
        Latent(latent.samples, latent.family, inside, differential=differential),
    )
