"""Show a control model the picture that it follows: edges, depth, or what it was trained on.

Reference: Black Forest Labs, FLUX.1 Canny and Depth (2024), https://github.com/black-forest-labs/flux/blob/main/docs/structural-conditioning.md
Reference: Brooks et al., InstructPix2Pix (2022), https://arxiv.org/abs/2211.09800
"""

from __future__ import annotations

from typing import NamedTuple

import torch

from app.engine.conditioning import Conditioning
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.graph.node import node


class Controlled(NamedTuple):
    """Both prompts with the picture beside the latent, and an empty latent of its size."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node()
def control_conditioning(
    positive: Conditioning, negative: Conditioning, vae: Vae, image: Image
) -> Controlled:
    """Let a model that follows a picture by itself, such as Flux Canny or Flux Depth, see it.

    Control networks are loaded beside a model instead, and need Apply control.

    Args:
        positive: What the picture should show.
        negative: What it should not; the same as `positive` where there is no such prompt.
        vae: The autoencoder that came with the model.
        image: The picture to follow, of the size that is sampled.
    """
    latent = vae.encode(image)
    beside = latent.samples
    empty = Latent(torch.zeros_like(beside), latent.family)
    return Controlled(positive.each(beside=beside), negative.each(beside=beside), empty)
