"""Attention over the pairs of blocks that a pattern keeps: exact for them, and no work for most others.

On the CPU the keys that a block looks at are gathered, and many blocks go through one dense operation. On a
GPU the pattern becomes a block mask of `flex_attention`. `attend_masked` says the same with a mask over all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.engine.attention.flex import attend_flex
from app.engine.attention.log_sum import Attended, attend_with_log_sum
from app.engine.attention.partition import Partition, Pattern
from app.engine.sites import Heads

GATHERED = 2**15  # most keys to gather at once, over all blocks of a batch: more leave the processor's cache
PADDED = (
    1.2  # most pairs to compute in a batch of unequal blocks, relative to what they would take one by one
)


def attend_blocks(heads: Heads, pattern: Pattern) -> Attended:
    """Attend to the pairs that `pattern` keeps and the mask lets through, in the way of the device."""
    return attend_flex(heads, pattern) if heads.query.is_cuda else attend_gathered(heads, pattern)


def attend_all(heads: Heads) -> Attended:
    """Attend to every pair that the mask lets through, and say what the scores add up to."""
    if heads.query.is_cuda:
        return attend_flex(heads, None)
    return attend_with_log_sum(heads.with_own_keys())


def attend_masked(heads: Heads, pattern: Pattern) -> Attended:
    """The plain way: compute all pairs, then drop those that do not count."""
    return attend_with_log_sum(heads.with_own_keys().with_mask(pattern.mask()))


def attend_gathered(heads: Heads, pattern: Pattern) -> Attended:
    """Gather the keys of each block of queries; blocks with about as many go through one dense operation."""
    gather = Gather.of(heads, pattern)
    heads = replace(heads, key=heads.key.contiguous(), value=heads.value.contiguous())
    output = torch.empty(
        gather.rows, heads.value.shape[-1], dtype=heads.query.dtype, device=heads.query.device
    )
    log_sum = torch.empty(gather.rows, device=heads.query.device)
    for batch in gather.batches():
        rows, real, picked = gather.pick(heads, batch)
        found = attend_with_log_sum(picked)
        where = rows[real]
        output[where], log_sum[where] = found.output[:, 0][real], found.log_sum[:, 0][real].float()
    shape = heads.query.shape[:-1]
    return Attended(output.view(*shape, -1), log_sum.view(shape))


@dataclass(frozen=True, eq=False)
class Gather:
    """Blocks of queries of all heads and samples in one list, (R,), without the empty ones.

    Attributes:
        queries: Blocks that ask, expanded.
        keys: Blocks that answer, expanded.
        keep: (R, Q).
        block: (R, 3), sample, head and number of each block.
        asked: (R,), its queries.
        seen: (R,), its keys.
        labels: (B, K, M), block of each place in the order of the keys.
        sees: As in the pattern.
    """

    queries: Partition
    keys: Partition
    keep: Tensor
    block: Tensor
    asked: Tensor
    seen: Tensor
    labels: Tensor
    sees: Callable[[Tensor, Tensor], Tensor] | None

    @classmethod
    def of(cls, heads: Heads, pattern: Pattern) -> Gather:
        batch, count = heads.query.shape[:2]
        queries, keys = pattern.queries.expand(batch, count), pattern.keys.expand(batch, count)
        keep = pattern.keep.expand(batch, count, -1, -1)
        seen = (keep * keys.sizes[:, :, None]).sum(-1)
        block = queries.sizes.nonzero()
        sample, head, number = block.unbind(1)
        asked = queries.sizes[sample, head, number]
        chosen = keep[sample, head, number]
        return cls(queries, keys, chosen, block, asked, seen[sample, head, number], keys.labels, pattern.sees)

    @property
    def rows(self) -> int:
        return self.queries.order.numel()

    def batches(self) -> Iterator[Tensor]:
        """Yield blocks, as indices (r,), that are about alike; the last ones are the largest."""
        rank = self.asked.float().log2().mul(2).ceil() * (self.keys.order.shape[-1] + 1) + self.seen
        order = rank.argsort()
        asked, seen = self.asked[order].tolist(), self.seen[order].tolist()
        start, exact, most_asked, most_seen = 0, 0, 0, 0
        for at, (queries, keys) in enumerate(zip(asked, seen, strict=True)):
            most_asked, most_seen = max(most_asked, queries), max(most_seen, keys)
            exact += queries * keys
            many = (at - start + 1) * most_seen > GATHERED
            if at > start and (many or (at - start + 1) * most_asked * most_seen > PADDED * exact):
                yield order[start:at]
                start, exact, most_asked, most_seen = at, queries * keys, queries, keys
        yield order[start:]

    def pick(self, heads: Heads, batch: Tensor) -> tuple[Tensor, Tensor, Heads]:
        """Return rows (r, n) of the output of a batch, which of them are real, and their operands."""
        sample, head, number = self.block[batch].unbind(1)
        asks, real = self.padded_queries(sample, head, number, self.asked[batch])
        answers, counts = self.padded_keys(sample, head, batch)
        _, count, length, _ = heads.query.shape
        shared = head // (count // heads.key.shape[1])
        picked = replace(
            heads,
            query=rows_of(heads.query, sample, head, asks),
            key=rows_of(heads.key, sample, shared, answers),
            value=rows_of(heads.value, sample, shared, answers),
            mask=mask_of(heads, (sample, head, asks, answers), self.counting(asks, answers, counts)),
        )
        return (sample * count + head)[:, None] * length + asks, real, picked

    def counting(self, asks: Tensor, answers: Tensor, real: Tensor | None) -> Tensor | None:
        """Return which of the gathered pairs count, (r, n, m) where n may be 1; None where all do."""
        seen = None if self.sees is None else self.sees(asks[:, :, None], answers[:, None])
        if real is None or seen is None:
            return seen if real is None else real[:, None]
        return seen & real[:, None]

    def padded_queries(
        self, sample: Tensor, head: Tensor, number: Tensor, asked: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Return rows of the sequence (r, n), and which are real; the others repeat the block's last row."""
        places = torch.arange(int(asked.max()), device=asked.device)
        real = places < asked[:, None]
        starts = self.queries.starts[sample, head, number]
        within = places.minimum(asked[:, None] - 1) + starts[:, None]
        return self.queries.order[sample[:, None], head[:, None], within], real

    def padded_keys(self, sample: Tensor, head: Tensor, batch: Tensor) -> tuple[Tensor, Tensor | None]:
        """Return rows of the sequence (r, m), and which are real; None where all are."""
        seen = self.seen[batch]
        row, place = self.keep[batch].gather(1, self.labels[sample, head]).nonzero(as_tuple=True)
        slot = torch.arange(len(row), device=row.device) - (seen.cumsum(0) - seen)[row]
        answers = row.new_zeros(len(batch), int(seen.max()))
        answers[row, slot] = self.keys.order[sample[row], head[row], place]
        if len(row) == answers.numel():
            return answers, None
        return answers, torch.arange(answers.shape[1], device=row.device) < seen[:, None]


def rows_of(x: Tensor, sample: Tensor, head: Tensor, rows: Tensor) -> Tensor:
    """Return `rows` (r, n) of one head each, (r, 1, n, d)."""
    _, count, length, width = x.shape
    flat = (sample * count + head)[:, None] * length + rows
    return x.reshape(-1, width).index_select(0, flat.flatten()).view(*rows.shape, width)[:, None]


def mask_of(
    heads: Heads, where: tuple[Tensor, Tensor, Tensor, Tensor], counts: Tensor | None
) -> Tensor | None:
    """Return the gathered part of a mask, without the keys that do not count: (r, 1, n, m)."""
    mask = None if counts is None else counts[:, None]
    if heads.mask is None:
        return mask
    sample, head, asks, answers = where
    whole = heads.mask.expand(*heads.query.shape[:2], -1, heads.key.shape[2])
    asks = asks[:, :, None] if whole.shape[2] > 1 else asks.new_zeros(1, 1, 1)
    part = whole[sample[:, None, None], head[:, None, None], asks, answers[:, None]][:, None]
    if mask is None:
        return part
    return part & mask if part.dtype == torch.bool else part.masked_fill(~mask, float("-inf"))
