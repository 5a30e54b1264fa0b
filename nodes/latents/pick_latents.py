"""Take some latents out of a batch."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents.reshaping import picked
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Number


@node()
def pick_latents(
    latent: Latent, start: Annotated[int, Number(0, 63)] = 0, count: Annotated[int, Number(1, 64)] = 1
) -> Latent:
    """Take neighbouring latents out of a batch; they are sampled from the noise that they have there.

    Args:
        latent: The batch.
        start: Number of the first one to take, from 0; beyond the batch means its last.
        count: How many to take, as far as there are so many.
    """
    start = min(start, len(latent.samples) - 1)
    return picked(latent, slice(start, start + count))
