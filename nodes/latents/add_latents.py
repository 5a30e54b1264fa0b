"""Add a latent to another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.latents.reshaping import alike
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def add_latents(
    first: Latent, second: Latent, factor: Annotated[float, Slider(-2.0, 2.0, step=0.01)] = 1.0
) -> Latent:
    """Add a latent to another one; a factor below 0 subtracts it.

    Args:
        first: One latent.
        second: Another one of the same size.
        factor: What the second is multiplied by; 0 changes nothing.
    """
    samples = alike(first, second)
    return first if factor == 0 else replace(first, samples=first.samples + factor * samples)
