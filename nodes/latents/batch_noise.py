"""Choose which noise the pictures of a batch start from."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from app.engine.media import Latent
from app.graph.node import node


@node()
def batch_noise(latent: Latent, noise: Literal["the same", "its own"] = "the same") -> Latent:
    """Let all pictures of a batch start from the same noise, or each from its own.

    Args:
        latent: The batch.
        noise: Whether all get the noise of the first picture. Nodes that sample with seed + row do not ask.
    """
    if noise == "its own":
        return replace(latent, noise_rows=())
    first = latent.noise_rows[0] if latent.noise_rows else 0
    return replace(latent, noise_rows=(first,) * len(latent.samples))
