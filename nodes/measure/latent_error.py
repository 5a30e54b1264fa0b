"""Latent error: how far a latent is from another one."""

from __future__ import annotations

from app.engine.imaging import metrics
from app.engine.media import Latent
from app.graph.node import node


@node()
def latent_error(latent: Latent, reference: Latent) -> float:
    """Return the root mean square difference of two latents over the size of the second; 0 is equal.

    Args:
        latent: The latent to judge.
        reference: What it should be.
    """
    return metrics.latent_error(latent.samples, reference.samples)
