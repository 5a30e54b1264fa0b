"""Let a prompt speak for what a mask covers.

Reference: Bar-Tal et al., MultiDiffusion (2023), https://arxiv.org/abs/2302.08113
"""

from __future__ import annotations

from typing import Annotated

from app.engine.conditioning import Conditioning
from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def limit_to_mask(
    conditioning: Conditioning,
    mask: Mask,
    strength: Annotated[float, Slider(0.0, 10.0, step=0.01)] = 1.0,
) -> Conditioning:
    """Let a prompt count only where a mask is white. The model still sees the whole picture.

    Args:
        conditioning: The prompt.
        mask: Where it counts; greys count partly. It is brought to the size of the picture.
        strength: Its weight against other prompts for the same place.
    """
    return conditioning.scoped(strength=strength).each(region=mask.coverage[:1])
