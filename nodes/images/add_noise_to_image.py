"""Add grain to a picture."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Seed, Slider


@node(lane="pool")
def add_noise_to_image(
    image: Image,
    seed: Annotated[int, Seed()] = 0,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.1,
) -> Image:
    """Add noise to pictures, such as grain, or something for a second pass to make details of.

    Args:
        image: The pictures; each gets noise of its own.
        seed: Which noise.
        strength: Spread of the noise, in shares of the range from black to white; 0 changes nothing.
    """
    if strength == 0:
        return image
    noise = torch.randn(image.pixels.shape, generator=torch.Generator().manual_seed(seed % 2**64))
    return Image((image.pixels + strength * noise).clamp(0, 1))
