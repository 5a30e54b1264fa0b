"""Put the tokens of two prompts into one sequence.

Reference: Esser et al., Scaling Rectified Flow Transformers (2024), https://arxiv.org/abs/2403.03206
"""

from __future__ import annotations

import torch

from app.engine.conditioning import Conditioning
from app.graph.node import node
from app.graph.problem import Refusal


@node()
def concat_conditionings(first: Conditioning, second: Conditioning) -> Conditioning:
    """Let the model read two prompts one after the other in a single call.

    Args:
        first: The prompt to begin with; its areas, times and whole-prompt vector stay.
        second: The prompt whose tokens follow.
    """
    if first.family != second.family:
        raise Refusal(
            f"The prompts are for {first.family} and {second.family}.",
            "Encode both with the text encoder of the model.",
            code="family_mismatch",
            input="second",
        )
    added = second.tokens.expand(len(first.tokens), -1, -1)
    return first.each(tokens=torch.cat([first.tokens, added.to(first.tokens)], dim=1))
