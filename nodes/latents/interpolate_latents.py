"""Go from one latent towards another by direction and length of their cells."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.latents.reshaping import alike
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def interpolate_latents(
    first: Latent, second: Latent, share: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0
) -> Latent:
    """Mix two latents without making their cells shorter, which a plain mix does and which looks flat.

    Args:
        first: One latent.
        second: Another one of the same size.
        share: How much of the first; 1 is the first alone, 0 the second.
    """
    one, other = first.samples, alike(first, second)
    if share == 1:
        return first
    lengths = [samples.norm(dim=1, keepdim=True) for samples in (one, other)]
    ways = [samples / length.clamp(min=1e-12) for samples, length in zip((one, other), lengths, strict=True)]
    mixed = share * ways[0] + (1 - share) * ways[1]
    direction = mixed / mixed.norm(dim=1, keepdim=True).clamp(min=1e-12)
    return replace(first, samples=direction * (share * lengths[0] + (1 - share) * lengths[1]))
