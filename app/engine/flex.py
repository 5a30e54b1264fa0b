"""Block-sparse attention through torch's `flex_attention`, which compiles into one kernel for the GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import AuxRequest, BlockMask, flex_attention

from app.engine.log_sum import Attended
from app.engine.partition import Partition, Pattern
from app.engine.sites import Heads

SQUARE = 128  # queries and keys of a square that the kernel computes or leaves out as a whole


@lru_cache
def compiled_kernel() -> Callable[..., Any]:
    """Return the kernel, compiled when it first meets operands of a shape."""
    compiled: Callable[..., Any] = torch.compile(flex_attention)
    return compiled


def attend_flex(heads: Heads, pattern: Pattern, kernel: Callable[..., Any] | None = None) -> Attended:
    """Attend to the pairs that `pattern` keeps and the mask lets through.

    Rows are sorted so that blocks lie together. Squares without a pair that counts are left out; pairs in a
    square that blocks cover in part are computed and dropped.
    """
    batch, count = heads.query.shape[:2]
    queries, keys = pattern.queries.expand(batch, count), pattern.keys.expand(batch, count)
    pattern = Pattern(queries, keys, pattern.keep.expand(batch, count, -1, -1))
    ordered = in_order(heads, pattern)
    output, extra = (kernel or compiled_kernel())(
        ordered.query,
        ordered.key,
        ordered.value,
        score_mod=score_change(heads, queries.order, keys.order),
        block_mask=block_mask(pattern),
        scale=heads.scale,
        return_aux=AuxRequest(lse=True),
    )
    back = queries.order.argsort(-1)
    rows = output.gather(2, back[..., None].expand(-1, -1, -1, output.shape[-1]))
    return Attended(rows, extra.lse.gather(2, back))


def in_order(heads: Heads, pattern: Pattern) -> Heads:
    """Return the operands with blocks one after another; each head gets keys of its own."""
    shared = heads.query.shape[1] // heads.key.shape[1]
    key, value = (x.repeat_interleave(shared, 1) if shared > 1 else x for x in (heads.key, heads.value))
    picked = [
        x.gather(2, part.order[..., None].expand(-1, -1, -1, x.shape[-1]))
        for x, part in ((heads.query, pattern.queries), (key, pattern.keys), (value, pattern.keys))
    ]
    return replace(heads, query=picked[0], key=picked[1], value=picked[2])


def score_change(heads: Heads, asks: Tensor, answers: Tensor) -> Callable[..., Tensor] | None:
    """Return what a mask on the operands does to a score; `asks` and `answers` are rows of the sequence."""
    if heads.mask is None:
        return None
    shape = *heads.query.shape[:3], heads.key.shape[2]
    mask = heads.mask.expand(shape)

    def change(score: Tensor, b: Tensor, k: Tensor, n: Tensor, m: Tensor) -> Tensor:
        here = mask[b, k, asks[b, k, n], answers[b, k, m]]
        return torch.where(here, score, float("-inf")) if mask.dtype == torch.bool else score + here

    return change


def block_mask(pattern: Pattern) -> BlockMask:
    """Return the pattern as squares that count in part or as a whole."""
    asks, answers, keep = pattern.queries.labels, pattern.keys.labels, pattern.keep
    pairs = shares(pattern.queries) @ keep.float() @ shares(pattern.keys).mT
    sizes = [shares(part).sum(-1) for part in (pattern.queries, pattern.keys)]
    whole = pairs == sizes[0][..., None] * sizes[1][:, :, None]

    def counts(b: Tensor, k: Tensor, n: Tensor, m: Tensor) -> Tensor:
        return keep[b, k, asks[b, k, n], answers[b, k, m]]

    return BlockMask.from_kv_blocks(
        *listed((pairs > 0) & ~whole),
        *listed(whole),
        BLOCK_SIZE=SQUARE,
        mask_mod=counts,
        seq_lengths=(asks.shape[-1], answers.shape[-1]),
        compute_q_blocks=False,
    )


def shares(part: Partition) -> Tensor:
    """Return how many rows of each block lie in each square's side, (B, K, squares, P)."""
    length, ends = part.order.shape[-1], part.sizes.cumsum(-1)
    first = torch.arange(0, length, SQUARE, device=ends.device)[:, None]
    low, high = (ends - part.sizes)[:, :, None], ends[:, :, None]
    return (high.minimum(first + SQUARE) - low.maximum(first)).clamp(min=0).float()


def listed(squares: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each row of squares how many are True, and their columns, those first."""
    return squares.sum(-1, dtype=torch.int32), squares.argsort(dim=-1, descending=True, stable=True).int()
