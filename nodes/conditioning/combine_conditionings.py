"""Let two prompts share a picture.

Reference: Liu et al., Compositional Visual Generation with Composable Diffusion Models (2022), https://arxiv.org/abs/2206.01714
"""

from __future__ import annotations

from dataclasses import replace

from app.engine.conditioning import Conditioning
from app.graph.node import node


@node()
def combine_conditionings(first: Conditioning, second: Conditioning) -> Conditioning:
    """Ask the model for both prompts and take the mean of its answers, by their strengths and areas.

    Args:
        first: One prompt, or several.
        second: Another prompt, or several. Each prompt costs a call of the model.
    """
    return replace(first, others=(*first.others, *second.parts))
