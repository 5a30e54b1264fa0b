"""A prompt for a part of the picture, by masking who attends to whom.

Reference: Chen et al., Training-free Regional Prompting for Diffusion Transformers (2024), https://arxiv.org/abs/2411.02395
"""

from __future__ import annotations

from typing import NamedTuple

from app.engine.attention.regions import add_region
from app.engine.conditioning import Conditioning
from app.engine.media import Mask
from app.engine.model import Model
from app.graph.node import node


class Regional(NamedTuple):
    """The model that keeps the prompts apart, and the conditioning that holds them all."""

    model: Model
    conditioning: Conditioning


@node()
def regional_prompt(
    model: Model,
    conditioning: Conditioning,
    prompt: Conditioning,
    mask: Mask,
    share_background: bool = True,
) -> Regional:
    """Say what a part of the picture should show; put several in a row for several parts.

    Args:
        model: The diffusion transformer.
        conditioning: The prompt for the whole picture, or what another Regional prompt returned.
        prompt: The prompt for this part.
        mask: Where the part is.
        share_background: Whether the part also listens to the prompt for the whole picture.
    """
    return Regional(*add_region(model, conditioning, prompt, mask, share_background))
