"""Attention that also says what the scores of each query add up to, so that partial results can be joined."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from app.engine.sites import Heads


class Attended(NamedTuple):
    """What attention over some keys gives.

    Attributes:
        output: (B, K, N, d).
        log_sum: (B, K, N), logarithm of the sum of exp(score) over the keys.
    """

    output: Tensor
    log_sum: Tensor


def attend_with_log_sum(heads: Heads) -> Attended:
    """Attend to every pair that the mask lets through; heads do not share keys."""
    mask = heads.mask
    if mask is not None and mask.dtype == torch.bool:
        mask = torch.zeros_like(mask, dtype=heads.query.dtype).masked_fill(~mask, float("-inf"))
    operands = heads.query, heads.key, heads.value
    if heads.query.device.type == "cpu":  # the operation that torch itself takes there, with both its results
        fused = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
        return Attended(*fused(*operands, 0.0, False, attn_mask=mask, scale=heads.scale))
    scores = operands[0] @ operands[1].mT * heads.factor
    scores = scores if mask is None else scores + mask
    return Attended(scores.softmax(-1) @ operands[2], scores.logsumexp(-1))
