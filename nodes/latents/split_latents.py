"""Take a batch of latents apart: what follows runs once for each part."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents.reshaping import picked
from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Number


@node()
def split_latents(latent: Latent, size: Annotated[int, Number(1, 64)] = 1) -> list[Latent]:
    """Give the latents of a batch in parts, one after the other, so that less memory is needed at a time.

    Args:
        latent: The batch.
        size: How many go together.
    """
    starts = range(0, len(latent.samples), size)
    return [picked(latent, slice(start, start + size)) for start in starts]
