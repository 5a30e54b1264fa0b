"""A prompt of zeros: the negative side that some models were trained with.

Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

import torch

from app.engine.conditioning import Conditioning
from app.graph.node import node


@node()
def zero_conditioning(conditioning: Conditioning) -> Conditioning:
    """Make a prompt that says nothing at all, in the form of another one.

    Args:
        conditioning: The prompt whose form is taken; all its numbers become 0.
    """
    pooled = None if conditioning.pooled is None else torch.zeros_like(conditioning.pooled)
    return conditioning.each(tokens=torch.zeros_like(conditioning.tokens), pooled=pooled, spelling=None)
