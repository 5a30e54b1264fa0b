"""Mix two latents."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.latents.reshaping import alike
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def blend_latents(
    first: Latent, second: Latent, share: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.5
) -> Latent:
    """Mix two latents cell by cell.

    Args:
        first: One latent.
        second: Another one of the same size.
        share: How much of the first: 1 is the first alone, 0 the second alone.
    """
    samples = alike(first, second)
    return first if share == 1 else replace(first, samples=share * first.samples + (1 - share) * samples)
