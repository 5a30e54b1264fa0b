"""Let a prompt speak for a part of the picture.

Reference: Bar-Tal et al., MultiDiffusion (2023), https://arxiv.org/abs/2302.08113
"""

from __future__ import annotations

from typing import Annotated

from app.engine.conditioning import Conditioning
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def limit_to_area(
    conditioning: Conditioning,
    x: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    y: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    width: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 0.5,
    height: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 1.0,
    strength: Annotated[float, Slider(0.0, 10.0, step=0.01)] = 1.0,
) -> Conditioning:
    """Show the model only a part of the picture for this prompt. Combine it with a prompt for the whole.

    Args:
        conditioning: The prompt.
        x: Left side of the area, as a share of the width.
        y: Upper side of the area, as a share of the height.
        width: Width of the area, as a share.
        height: Height of the area, as a share.
        strength: Its weight against other prompts for the same place.
    """
    if (x, y, width, height) == (0.0, 0.0, 1.0, 1.0):
        return conditioning.scoped(area=None, strength=strength)
    return conditioning.scoped(area=(x, y, width, height), strength=strength)
