"""Multiply a latent by a number."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.media import Latent
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def scale_latent(latent: Latent, factor: Annotated[float, Slider(-10.0, 10.0, step=0.01)] = 1.0) -> Latent:
    """Make a latent stronger or weaker.

    Args:
        latent: The latent.
        factor: What it is multiplied by; 1 changes nothing, below 1 is flatter.
    """
    return latent if factor == 1 else replace(latent, samples=latent.samples * factor)
