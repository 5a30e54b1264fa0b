"""Sequences cut into blocks, and which blocks of keys each block of queries looks at."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from app.engine.tokens import Stream


@dataclass(frozen=True, eq=False)
class Partition:
    """A sequence cut into blocks, the same way for all heads or for each head apart.

    Attributes:
        order: (B, K, N), rows of the sequence, block after block; B and K may be 1.
        sizes: (B, K, P), rows in each block; a block may be empty.
    """

    order: Tensor
    sizes: Tensor

    @property
    def starts(self) -> Tensor:
        """(B, K, P), where each block begins in `order`."""
        return self.sizes.cumsum(-1) - self.sizes

    @property
    def labels(self) -> Tensor:
        """(B, K, N), the block of each place in `order`."""
        places = torch.arange(self.order.shape[-1], device=self.order.device)
        ends = self.sizes.cumsum(-1)
        return torch.searchsorted(ends, places.expand(*ends.shape[:-1], -1).contiguous(), right=True)

    def padded(self) -> tuple[Tensor, Tensor]:
        """Return the rows of each block, (B, K, P, T), and which of them are real; the others repeat one."""
        places = torch.arange(int(self.sizes.max()), device=self.sizes.device)
        real = places < self.sizes[..., None]
        within = (places.minimum(self.sizes[..., None] - 1) + self.starts[..., None]).clamp(min=0)
        return self.order.gather(-1, within.flatten(-2)).view(within.shape), real

    def expand(self, batch: int, heads: int) -> Partition:
        """Return it with an entry for each head of each sample."""
        return Partition(self.order.expand(batch, heads, -1), self.sizes.expand(batch, heads, -1))

    def beside_text(self, spans: Mapping[Stream, slice]) -> Partition:
        """Turn blocks of image tokens into blocks of the sequence; the text is one more block, the last."""
        order = self.order + spans["image"].start
        if "text" not in spans:
            return Partition(order, self.sizes)
        text = torch.arange(spans["text"].start, spans["text"].stop, device=order.device)
        text = text.expand(*order.shape[:-1], -1)
        size = self.sizes.new_full((*self.sizes.shape[:-1], 1), text.shape[-1])
        return Partition(torch.cat([order, text], -1), torch.cat([self.sizes, size], -1))


@dataclass(frozen=True, eq=False)
class Pattern:
    """Which pairs of blocks count. Every block of queries must keep a key.

    Attributes:
        queries: Blocks of the rows that ask.
        keys: Blocks of the rows that answer.
        keep: (B, K, P, Q), True where a block of queries looks at a block of keys.
        sees: Says which pairs of kept blocks count, for rows of the sequence that broadcast; None for all.
    """

    queries: Partition
    keys: Partition
    keep: Tensor
    sees: Callable[[Tensor, Tensor], Tensor] | None = None

    @property
    def counted(self) -> Tensor:
        """Number of pairs of tokens in kept blocks, over all heads and samples, ()."""
        batch, heads = self.keep.shape[:2]
        asked, answered = (part.expand(batch, heads).sizes.float() for part in (self.queries, self.keys))
        return torch.einsum("bkp,bkpq,bkq->", asked, self.keep.float(), answered)

    @property
    def pairs(self) -> int:
        """Number of all pairs of tokens, over all heads and samples."""
        batch, heads = self.keep.shape[:2]
        return batch * heads * self.queries.order.shape[-1] * self.keys.order.shape[-1]

    def mask(self) -> Tensor:
        """Return the pairs of tokens that count in the order of the sequence, (B, K, N, M)."""
        batch, heads = self.keep.shape[:2]
        asked, answered = self.queries.expand(batch, heads), self.keys.expand(batch, heads)
        rows = self.keep.gather(2, asked.labels[..., None].expand(-1, -1, -1, self.keep.shape[3]))
        pairs = rows.gather(3, answered.labels[:, :, None].expand(-1, -1, rows.shape[2], -1))
        back, forth = asked.order.argsort(-1), answered.order.argsort(-1)
        pairs = pairs.gather(2, back[..., None].expand_as(pairs))
        pairs = pairs.gather(3, forth[:, :, None].expand_as(pairs))
        if self.sees is None:
            return pairs
        rows, columns = (torch.arange(size, device=pairs.device) for size in pairs.shape[2:])
        return pairs & self.sees(rows[:, None], columns[None])


def with_text(image: Pattern, spans: Mapping[Stream, slice]) -> Pattern:
    """Turn a pattern of image tokens into one of the sequence, in which text sees and is seen by all.

    Args:
        image: Its rows are counted from the first image token.
        spans: Where image and text lie in the sequence.
    """
    text = int("text" in spans)
    keep = torch.nn.functional.pad(image.keep, (0, text, 0, text), value=True)
    return Pattern(image.queries.beside_text(spans), image.keys.beside_text(spans), keep)


def tiles(places: Tensor, side: int) -> Partition:
    """Cut image tokens into squares of `side` rows and columns within a frame; those at the edge are smaller.

    Args:
        places: (frame, row, column) of each image token, (N, 3).
        side: In tokens.
    """
    cells = places // torch.tensor([1, side, side], device=places.device)
    _, labels, sizes = torch.unique(cells, dim=0, return_inverse=True, return_counts=True)
    return Partition(labels.argsort(stable=True)[None, None], sizes[None, None])
