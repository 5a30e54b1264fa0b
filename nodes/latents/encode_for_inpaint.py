"""Encode a picture with a hole, for models that should fill it from nothing."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from torch.nn.functional import max_pool2d

from app.engine.imaging.masks import fitted, for_frames
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent, Mask
from app.graph.node import node
from app.graph.widgets import Number

GREY = 0.5


@node()
def encode_for_inpaint(
    vae: Vae, image: Image, mask: Mask, grow: Annotated[int, Number(0, 64, unit="px")] = 6
) -> Latent:
    """Encode a picture with grey where the mask is white, and let sampling paint there only.

    Args:
        vae: The autoencoder that came with the model.
        image: The picture.
        mask: Where to paint anew; use the full strength of a schedule with it.
        grow: By how many pixels the painted place is larger than the hole, so that the seam is painted too.
    """
    coverage = fitted(mask, image.width, image.height, len(image.pixels))
    hole = (coverage > GREY).float()[..., None]
    latent = vae.encode(Image(image.pixels * (1 - hole) + GREY * hole))
    larger = max_pool2d(coverage[:, None], 2 * grow + 1, stride=1, padding=grow)[:, 0]
    if vae.family.latent.frames:
        form = vae.family.latent
        larger = for_frames(larger, latent.samples.shape[2], form.frame_downscale, form.lead)
    return replace(latent, mask=larger.round())
