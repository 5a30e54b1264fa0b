"""Begin a schedule at another noise level.

Reference: Lin et al., Common Diffusion Noise Schedules and Sample Steps are Flawed (2023), https://arxiv.org/abs/2305.08891
"""

from __future__ import annotations

from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def set_first_sigma(sigmas: Sigmas, sigma: Annotated[float, Slider(0.0, 1.0, step=0.001)] = 1.0) -> Sigmas:
    """Change the level that a run starts from, and leave the others.

    Args:
        sigmas: The schedule to change.
        sigma: The new first level; it must lie above the second one.
    """
    return Sigmas((sigma, *sigmas.values[1:]))
