"""Embedded guidance: the strength that guidance-distilled models take as an input instead of a second branch.

No strength means "without guidance" to such a model; neutral is the default, which a prompt has by itself.

Reference: Meng et al., On Distillation of Guided Diffusion Models (2022), https://arxiv.org/abs/2210.03142
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.conditioning import Conditioning
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def embedded_guidance(
    conditioning: Conditioning,
    guidance_scale: Annotated[float, Slider(0.0, 30.0, step=0.1)] = 3.5,
) -> Conditioning:
    """Tell a distilled model such as Flux dev how strictly to follow this prompt. Others ignore it.

    Args:
        conditioning: The encoded prompt.
        guidance_scale: How strictly; 3.5 is what a prompt has without this node, photographs like 2 to 3.
    """
    return replace(conditioning, embedded_guidance=guidance_scale)
