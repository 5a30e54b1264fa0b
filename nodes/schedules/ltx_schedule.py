"""LTX-Video's schedule: the larger the video the further towards noise, and stretched to a last level.

Reference: Lightricks, LTX-Video (2024), https://github.com/Lightricks/LTX-Video
"""

from __future__ import annotations

from math import exp, prod
from typing import Annotated

from app.engine.media import Latent
from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider

SMALL, LARGE = 1024, 4096  # latent cells at which the shift is `base_shift` and `max_shift`


@node(title="LTX-Video schedule")
def ltx_schedule(
    latent: Latent | None = None,
    steps: Annotated[int, Number(1, 1000)] = 20,
    max_shift: Annotated[float, Slider(0.0, 100.0, step=0.01)] = 2.05,
    base_shift: Annotated[float, Slider(0.0, 100.0, step=0.01)] = 0.95,
    stretch: bool = True,
    terminal: Annotated[float, Slider(0.0, 0.99, step=0.01)] = 0.1,
) -> Sigmas:
    """Choose noise levels for LTX-Video by the size of the video.

    Args:
        latent: The latent to sample, for its size; without it the size is that of 4096 cells.
        steps: How many steps to take.
        max_shift: Logarithm of the shift at 4096 latent cells; other sizes lie on the line through both.
        base_shift: Logarithm of the shift at 1024 latent cells.
        stretch: Whether to stretch the levels so that the last one above 0 is `terminal`.
        terminal: The last level above 0.
    """
    cells = LARGE if latent is None else prod(latent.samples.shape[2:])
    shift = exp(base_shift + (max_shift - base_shift) * (cells - SMALL) / (LARGE - SMALL))
    even = (1 - step / steps for step in range(steps))
    levels = [shift * level / (1 + (shift - 1) * level) for level in even]
    if stretch and levels[-1] < 1:
        scale = (1 - terminal) / (1 - levels[-1])
        levels = [1 - (1 - level) * scale for level in levels]
    return Sigmas((*levels, 0.0))
