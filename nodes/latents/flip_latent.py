"""Mirror a latent."""

from __future__ import annotations

from typing import Literal

from app.engine.latents.reshaping import mapped
from app.engine.media import Latent
from app.graph.node import node


@node()
def flip_latent(latent: Latent, direction: Literal["left-right", "up-down"] = "left-right") -> Latent:
    """Mirror a latent. Its fine details are not quite those of the mirrored picture: sample it once more.

    Args:
        latent: The latent.
        direction: Which sides change places.
    """
    return mapped(latent, lambda samples: samples.flip(-1 if direction == "left-right" else -2))
