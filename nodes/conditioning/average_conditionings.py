"""Blend two prompts into one that lies between them.

Reference: Podell et al., SDXL (2023), https://arxiv.org/abs/2307.01952
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from torch import Tensor
from torch.nn.functional import pad

from app.engine.conditioning import Conditioning
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Slider


@node()
def average_conditionings(
    first: Conditioning,
    second: Conditioning,
    share: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.5,
) -> Conditioning:
    """Mix the encodings of two prompts into one.

    Args:
        first: One prompt.
        second: Another prompt.
        share: How much of the first prompt: 1 is the first alone, 0 the second alone.
    """
    if first.family != second.family:
        raise Refusal(
            f"The prompts are for {first.family} and {second.family}.",
            "Encode both with the text encoder of the model.",
            code="family_mismatch",
            input="second",
        )
    if share == 1:
        return first
    tokens = second.tokens.to(first.tokens)
    longest = max(first.tokens.shape[1], tokens.shape[1])
    mixed = share * longer(first.tokens, longest) + (1 - share) * longer(tokens, longest)
    pooled = first.pooled
    if first.pooled is not None and second.pooled is not None:
        pooled = share * first.pooled + (1 - share) * second.pooled.to(first.pooled)
    return replace(first, tokens=mixed, pooled=pooled)


def longer(tokens: Tensor, length: int) -> Tensor:
    """Fill (B, L, D) up with zeros to `length` tokens."""
    return pad(tokens, (0, 0, 0, length - tokens.shape[1]))
