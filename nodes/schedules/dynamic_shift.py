"""Flux's schedule: even levels, shifted towards noise the more the larger the picture is.

Reference: Black Forest Labs, Flux (2024), https://github.com/black-forest-labs/flux
Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

from math import exp, prod
from typing import Annotated

from app.engine.media import Latent
from app.engine.model import Model
from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider

SMALL, LARGE = 256, 4096  # image tokens of pictures of 256 x 256 and 1024 x 1024 pixels


@node()
def dynamic_shift(
    model: Model,
    latent: Latent,
    steps: Annotated[int, Number(1, 1000)] = 20,
    base_shift: Annotated[float, Slider(0.0, 3.0, step=0.05)] = 0.5,
    max_shift: Annotated[float, Slider(0.0, 3.0, step=0.05)] = 1.15,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Sigmas:
    """Choose noise levels that suit the size of the picture.

    Args:
        model: The model that will sample; it says how many latent cells make a token.
        latent: The latent to sample, for its size.
        steps: How many steps to take. All of them are taken, whatever the strength.
        base_shift: Logarithm of the shift at 256 tokens; 0 spaces the levels evenly.
        max_shift: Logarithm of the shift at 4096 tokens; other sizes lie on the line through both.
        strength: How much to change a given picture: 1 starts from pure noise, 0 changes nothing.
    """
    if strength == 0:
        return Sigmas((0.0,))
    tokens = prod(model.family.latent.grid(latent.samples))
    shift = exp(base_shift + (max_shift - base_shift) * (tokens - SMALL) / (LARGE - SMALL))
    even = (strength * (1 - step / steps) for step in range(steps + 1))
    return Sigmas(tuple(shift * sigma / (1 + (shift - 1) * sigma) for sigma in even))
