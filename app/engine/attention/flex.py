"""Block-sparse attention through torch's `flex_attention`, which compiles into one kernel for the GPU."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor
from torch.nn.attention.flex_attention import AuxRequest, BlockMask, flex_attention

from app.engine.attention.log_sum import Attended
from app.engine.attention.partition import Partition, Pattern
from app.engine.sites import Heads

SQUARE = 128  # queries and keys of a square that the kernel computes or leaves out as a whole


@lru_cache
def compiled_kernel() -> Callable[..., Any]:
    """Return the kernel, compiled anew for operands of another shape and for no other reason."""
    compiled: Callable[..., Any] = torch.compile(flex_attention, dynamic=False)
    return compiled


def attend_flex(heads: Heads, pattern: Pattern | None, kernel: Callable[..., Any] | None = None) -> Attended:
    """Attend to the pairs that `pattern`, or everything, keeps and the mask lets through.

    Rows are sorted so that blocks lie together. Squares without a pair that counts are left out; pairs in a
    square that blocks cover in part are computed and dropped.
    """
    kernel, heads = kernel or compiled_kernel(), heads.with_own_keys()
    if pattern is None:
        return computed(kernel, heads, None, score_change(heads))
    batch, count = heads.query.shape[:2]
    queries, keys = pattern.queries.expand(batch, count), pattern.keys.expand(batch, count)
    pattern = replace(pattern, queries=queries, keys=keys, keep=pattern.keep.expand(batch, count, -1, -1))
    change = score_change(heads, queries.order, keys.order)
    found = computed(kernel, in_order(heads, pattern), block_mask(pattern), change)
    back = queries.order.argsort(-1)
    rows = found.output.gather(2, back[..., None].expand_as(found.output))
    return Attended(rows, found.log_sum.gather(2, back))


def computed(
    kernel: Callable[..., Any], heads: Heads, blocks: BlockMask | None, change: Callable[..., Tensor] | None
) -> Attended:
    operands, lse = (heads.query, heads.key, heads.value), AuxRequest(lse=True)
    output, extra = kernel(*operands, score_mod=change, block_mask=blocks, scale=heads.scale, return_aux=lse)
    return Attended(output, extra.lse)


def in_order(heads: Heads, pattern: Pattern) -> Heads:
    """Return the operands with blocks one after another."""
    picked = [
        x.gather(2, part.order[..., None].expand(-1, -1, -1, x.shape[-1]))
        for x, part in (
            (heads.query, pattern.queries),
            (heads.key, pattern.keys),
            (heads.value, pattern.keys),
        )
    ]
    return replace(heads, query=picked[0], key=picked[1], value=picked[2])


def score_change(
    heads: Heads, asks: Tensor | None = None, answers: Tensor | None = None
) -> Callable[..., Tensor] | None:
    """Return what a mask on the operands does to a score.

    Args:
        heads: Operands in the order of the sequence.
        asks: (B, K, N), row of the sequence at each place of the sorted queries; None if not sorted.
        answers: (B, K, M), the same for the keys.
    """
    if heads.mask is None:
        return None
    shape = *heads.query.shape[:3], heads.key.shape[2]
    mask = heads.mask.expand(shape)

    def change(score: Tensor, b: Tensor, k: Tensor, n: Tensor, m: Tensor) -> Tensor:
        row = n if asks is None else asks[b, k, n]
        here = mask[b, k, row, m if answers is None else answers[b, k, m]]
        return torch.where(here, score, float("-inf")) if mask.dtype == torch.bool else score + here

    return change


def block_mask(pattern: Pattern) -> BlockMask:
    """Return the pattern as squares that count in part or as a whole."""
    asks, answers, keep = pattern.queries.labels, pattern.keys.labels, pattern.keep
    pairs = shares(pattern.queries) @ keep.float() @ shares(pattern.keys).mT
    sizes = [shares(part).sum(-1) for part in (pattern.queries, pattern.keys)]
    whole = pairs == sizes[0][..., None] * sizes[1][:, :, None]
    sees, rows, columns = pattern.sees, pattern.queries.order, pattern.keys.order
    if sees is not None:
        whole = torch.zeros_like(whole)

    def counts(b: Tensor, k: Tensor, n: Tensor, m: Tensor) -> Tensor:
        kept = keep[b, k, asks[b, k, n], answers[b, k, m]]
        return kept if sees is None else kept & sees(rows[b, k, n], columns[b, k, m])

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
