"""Turn a latent by right angles."""

from __future__ import annotations

from typing import Literal

from app.engine.latents.reshaping import mapped
from app.engine.media import Latent
from app.graph.node import node

TURNS = {"none": 0, "90 degrees": 1, "180 degrees": 2, "270 degrees": 3}


@node()
def rotate_latent(
    latent: Latent, angle: Literal["none", "90 degrees", "180 degrees", "270 degrees"] = "90 degrees"
) -> Latent:
    """Turn a latent clockwise. Its fine details suffer, so sample it once more.

    Args:
        latent: The latent.
        angle: How far, clockwise.
    """
    return mapped(latent, lambda samples: samples.rot90(TURNS[angle], (-1, -2)))
