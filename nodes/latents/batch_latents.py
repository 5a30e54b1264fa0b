"""Put latents into one batch."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch

from app.engine.latents.reshaping import alike
from app.engine.media import Latent
from app.graph.node import node


@node()
def batch_latents(latents: list[Latent], noise: Literal["its own", "as if alone"] = "its own") -> Latent:
    """Put several latents into one batch, to be sampled at once.

    Args:
        latents: Latents of one family and size, in their order; masks are left out.
        noise: Whether each picture gets noise of its own, or that which it would have outside the batch.
    """
    first, *others = latents
    samples = [first.samples, *(alike(first, other) for other in others)]
    rows = [row for latent in latents for row in latent.noise_rows or range(len(latent.samples))]
    alone = tuple(rows) if noise == "as if alone" else ()
    return replace(first, samples=torch.cat(samples), mask=None, noise_rows=alone)
