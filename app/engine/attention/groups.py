"""Attention in groups of tokens that each see a part of the sequence: the work is for what is seen only."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from app.engine.attention.flex import attend_flex
from app.engine.attention.partition import Partition, Pattern
from app.engine.sites import Heads, dense
from app.engine.tokens import Layout

ALL_COMPUTED = (
    "Nothing is saved: tokens are computed in groups, and in a picture this small every group reaches all "
    "tokens; hidden pairs are computed and left out. Larger pictures save time."
)


def covered(technique: str, layout: Layout, because: str) -> dict[str, Any]:
    """Report of a technique that leaves no pair out of a picture, and why."""
    _, rows, columns = layout.grid
    note = f"Nothing is saved: in this picture of {columns} x {rows} tokens {because}."
    return {"technique": technique, "density": 1.0, "note": note}


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

    def places(self, length: int) -> Tensor:
        """Return which of the keys each row of the sequence is, (N,); -1 for none."""
        if self.keys is None:
            return torch.arange(length, device=self.queries.device)
        places = torch.full((length,), -1, device=self.queries.device)
        places[self.keys] = torch.arange(len(self.keys), device=places.device)
        return places

    def pairs(self, sequence: int) -> tuple[int, int]:
        """Return (pairs that count, pairs that are computed) in a sequence of so many tokens."""
        computed = len(self.queries) * (sequence if self.keys is None else len(self.keys))
        return computed if self.keep is None else int(self.keep.sum()), computed


@dataclass(frozen=True, eq=False)
class Groups:
    """Groups whose queries are every row of a sequence once.

    Attributes:
        members: The groups.
        length: Rows of the sequence.
    """

    members: tuple[Group, ...]
    length: int

    def attend(self, heads: Heads) -> Tensor:
        """Return (B, K, N, d): group by group, or all at once on a GPU, where many small operations wait."""
        if heads.query.is_cuda:
            return attend_flex(heads, self.pattern).output
        output = torch.empty_like(heads.query)
        for group in self.members:
            output[:, :, group.queries] = dense(group.pick(heads))
        return output

    @cached_property
    def pattern(self) -> Pattern:
        """The same as blocks of queries that look at blocks of keys."""
        order = torch.cat([group.queries for group in self.members])
        sizes = torch.tensor([len(group.queries) for group in self.members], device=order.device)
        cut = Partition(order[None, None], sizes[None, None])
        place = torch.stack([group.places(self.length) for group in self.members])
        member = torch.nn.functional.one_hot(cut.labels[0, 0], len(sizes)).float()[order.argsort()]
        keep = (place >= 0).float() @ member > 0
        return Pattern(cut, cut, keep[None, None], Sees.of(self.members, cut, place))

    def report(self, technique: str) -> dict[str, Any]:
        """Report the shares of query-key pairs that count and that are computed in one operation."""
        pairs = [group.pairs(self.length) for group in self.members]
        counted, computed = (sum(numbers) for numbers in zip(*pairs, strict=True))
        told = {
            "technique": technique,
            "density": counted / self.length**2,
            "computed_pairs": computed / self.length**2,
        }
        return {**told, "note": ALL_COMPUTED} if computed == self.length**2 else told


@dataclass(frozen=True, eq=False)
class Sees:
    """Says which pairs of rows count.

    Attributes:
        group: (N,), group of each row.
        slot: (N,), which of its group's queries a row is.
        place: (G, N), which of a group's keys a row is; -1 for none.
        whole: (G,), whether all pairs of a group count.
        table: (G, n, m), for the others.
    """

    group: Tensor
    slot: Tensor
    place: Tensor
    whole: Tensor
    table: Tensor

    @classmethod
    def of(cls, members: tuple[Group, ...], cut: Partition, place: Tensor) -> Sees:
        back, masks = cut.order[0, 0].argsort(), [group.keep for group in members]
        slots = torch.cat([torch.arange(len(group.queries), device=place.device) for group in members])
        parts = [mask for mask in masks if mask is not None]
        tall, wide = (max([1, *(mask.shape[axis] for mask in parts)]) for axis in (0, 1))
        table = torch.zeros(len(members), tall, wide, dtype=torch.bool, device=place.device)
        for at, mask in enumerate(masks):
            if mask is not None:
                table[at, : mask.shape[0], : mask.shape[1]] = mask
        whole = torch.tensor([mask is None for mask in masks], device=place.device)
        return cls(cut.labels[0, 0][back], slots[back], place, whole, table)

    def __call__(self, asks: Tensor, answers: Tensor) -> Tensor:
        group = self.group[asks]
        place, slot = self.place[group, answers], self.slot[asks].clamp(max=self.table.shape[1] - 1)
        counted = self.table[group, slot, place.clamp(0, self.table.shape[2] - 1)]
        return (place >= 0) & (self.whole[group] | counted)


def grid_rows(grid: tuple[int, int, int], start: int, device: torch.device) -> Tensor:
    """Return the row of the sequence of each image token, shaped as `grid`; the first is at `start`."""
    frames, rows, columns = grid
    return torch.arange(start, start + frames * rows * columns, device=device).reshape(grid)
