"""Add some noise to a latent, for variations and for detail in a second pass."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.media import Latent
from app.engine.walking.noise import starting_noise
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@node()
def inject_noise(
    latent: Latent,
    strength: Annotated[float, Slider(0.0, 2.0, step=0.01)] = 0.1,
    seed: Annotated[int, Seed()] = 0,
) -> Latent:
    """Add noise to a latent.

    Args:
        latent: The latent.
        strength: Spread of the noise; a picture's own spread is about 1, and 0 changes nothing.
        seed: Which noise.
    """
    if strength == 0:
        return latent
    noise = starting_noise(latent.samples, seed).to(latent.samples)
    return replace(latent, samples=latent.samples + strength * noise)
