"""Put latents into one batch."""

from __future__ import annotations

from dataclasses import replace

import torch

from app.engine.media import Latent
from app.engine.reshaping import alike
from app.graph.node import node


@node()
def batch_latents(latents: list[Latent]) -> Latent:
    """Put several latents into one batch, to be sampled at once.

    Args:
        latents: Latents of one family and size, in their order; masks are left out.
    """
    first, *others = latents
    samples = [first.samples, *(alike(first, other) for other in others)]
    return replace(first, samples=torch.cat(samples), mask=None)
