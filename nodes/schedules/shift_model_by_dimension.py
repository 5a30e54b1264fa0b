"""Set how far a model's schedules are moved towards noise by how many numbers a latent has.

The more numbers say the same, the more noise it takes to hide it: latents of hundreds of channels, such as
those of representation autoencoders, need far noisier levels than their few tokens suggest.

Reference: Zheng et al., Diffusion Transformers with Representation Autoencoders (2025),
    https://arxiv.org/abs/2510.11690
"""

from __future__ import annotations

from dataclasses import replace
from math import sqrt
from typing import Annotated

from app.engine.media import Latent
from app.engine.model import Model
from app.graph.node import node
from app.graph.widgets import Number


@node()
def shift_model_by_dimension(
    model: Model,
    latent: Latent,
    base: Annotated[int, Number(1, 1_000_000)] = 4096,
) -> Model:
    """Move the model's schedules towards noise, the more the more numbers its latent has.

    Args:
        model: The model whose schedules change; Basic schedule reads the shift from it.
        latent: What will be sampled; channels, rows and columns count.
        base: Numbers in a latent that needs no shift; 4096 are those of 256 x 256 pixels in 4 channels.
    """
    return replace(model, shift=sqrt(latent.samples[0].numel() / base))
