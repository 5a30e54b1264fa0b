"""Attention in groups of tokens that each see a part of the sequence: the work is for what is seen only."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.engine.sites import Heads, dense


@dataclass(frozen=True, eq=False)
class Group:
    """Tokens that are computed together.

    Attributes:
        queries: (n,), rows of the sequence that ask.
        keys: (m,), rows that they look at; None for all.
        keep: (n, m), True for the pairs that count; None for all pairs.
    """

    queries: Tensor
    keys: Tensor | None = None
    keep: Tensor | None = None

    def pick(self, heads: Heads) -> Heads:
        """Return the operands of this group."""
        picked = replace(heads, query=heads.query[:, :, self.queries], mask=self.mask(heads.mask))
        if self.keys is not None:
            picked = replace(picked, key=heads.key[:, :, self.keys], value=heads.value[:, :, self.keys])
        return picked if self.keep is None else picked.with_mask(self.keep)

    def mask(self, mask: Tensor | None) -> Tensor | None:
        """Return the group's part of a mask that may broadcast over queries or keys."""
        if mask is not None and mask.shape[-2] > 1:
            mask = mask[..., self.queries, :]
        if mask is not None and mask.shape[-1] > 1 and self.keys is not None:
            mask = mask[..., self.keys]
        return mask

    def pairs(self, sequence: int) -> tuple[int, int]:
        """Return (pairs that count, pairs that are computed) in a sequence of so many tokens."""
        computed = len(self.queries) * (sequence if self.keys is None else len(self.keys))
        return computed if self.keep is None else int(self.keep.sum()), computed


def attend_in_groups(groups: Iterable[Group], heads: Heads) -> Tensor:
    """Return (B, K, N, d) of groups whose queries are every row of the sequence once."""
    output: Tensor | None = None
    for group in groups:
        part = dense(group.pick(heads))
        if output is None:
            output = part.new_empty(*heads.query.shape[:-1], part.shape[-1])
        output[:, :, group.queries] = part
    assert output is not None
    return output


def grid_rows(grid: tuple[int, int, int], start: int, device: torch.device) -> Tensor:
    """Return the row of the sequence of each image token, shaped as `grid`; the first is at `start`."""
    frames, rows, columns = grid
    return torch.arange(start, start + frames * rows * columns, device=device).reshape(grid)


def density_report(technique: str, groups: Iterable[Group], sequence: int) -> dict[str, float | str]:
    """Report the shares of query-key pairs that count and that are computed in one attention operation."""
    counted, computed = (
        sum(pairs) for pairs in zip(*(group.pairs(sequence) for group in groups), strict=True)
    )
    return {
        "technique": technique,
        "density": counted / sequence**2,
        "computed_pairs": computed / sequence**2,
    }
