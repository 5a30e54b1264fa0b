"""CLEAR: each image token sees the image tokens in a disc around it, and all of the text.

The paper fine-tunes the model for it. On a model as it is, a small radius costs coherence over the picture.
Tiles of the grid are computed one by one against the rows and columns that their discs reach.

Reference: Liu et al., CLEAR: Conv-Like Linearization Revs Pre-Trained DiTs (2024), https://arxiv.org/abs/2412.16112
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from app.engine.attention.groups import Group, Groups, covered, grid_rows
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Sequence
from app.graph.node import node
from app.graph.widgets import Number

TILE = 8  # tokens along each side of a tile: smaller ones compute fewer hidden pairs, in more calls


@dataclass
class Memory:
    """Groups by attention sequence: they are the same at every step; or the picture that a disc covers."""

    groups: dict[Sequence, Groups] = field(default_factory=dict)
    covered: Layout | None = None


@dataclass(frozen=True)
class ClearWindow(Patch[Memory]):
    """Keeps the image pairs less than `radius` tokens apart; a disc that covers the grid changes nothing.

    Distance counts rows and columns; a video token sees the disc in every frame.
    """

    radius: int

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        layout, sequence = step.layout, attention.queries
        _, rows, columns = layout.grid
        covers = (rows - 1) ** 2 + (columns - 1) ** 2 < self.radius**2
        if covers:
            memory.covered = layout
        if covers or not attention.between_image_tokens:
            return call(heads)
        if layout.active is not None:
            return call(heads)
        if sequence not in memory.groups:
            members = tuple(windows(layout, sequence, self.radius, heads.query.device))
            memory.groups[sequence] = Groups(members, heads.key.shape[2])
        return call(replace(heads, attend=memory.groups[sequence].attend))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        made = [groups for memory in memories.values() for groups in memory.groups.values()]
        if made:
            return made[0].report("clear_window")
        whole = next((memory.covered for memory in memories.values() if memory.covered), None)
        because = f"each token sees all others within a radius of {self.radius}; take a smaller one"
        return covered("clear_window", whole, because) if whole else None


def windows(layout: Layout, sequence: Sequence, radius: int, device: torch.device) -> Iterator[Group]:
    """Yield the text, which sees everything, and each tile with the box around its discs."""
    spans, reach = layout.spans(sequence), radius - 1
    where = grid_rows(layout.grid, spans["image"].start, device)
    places = layout.positions(device)[:, 1:]
    text = torch.arange(0, device=device)
    if "text" in spans:
        text = torch.arange(spans["text"].start, spans["text"].stop, device=device)
        yield Group(text)
    _, rows, columns = layout.grid
    for top in range(0, rows, TILE):
        for left in range(0, columns, TILE):
            own = where[:, top : top + TILE, left : left + TILE].flatten()
            tall = slice(max(0, top - reach), top + TILE + reach)
            wide = slice(max(0, left - reach), left + TILE + reach)
            seen = where[:, tall, wide].flatten()
            near = within(places[own - spans["image"].start], places[seen - spans["image"].start], radius)
            keep = torch.cat([near.new_ones(len(own), len(text)), near], dim=1)
            yield Group(own, torch.cat([text, seen]), None if bool(keep.all()) else keep)


def within(here: Tensor, there: Tensor, radius: int) -> Tensor:
    """Return which of the places (n, 2) and (m, 2) are less than `radius` apart, (n, m)."""
    return (here[:, None] - there[None]).square().sum(-1) < radius**2


@node(patch=ClearWindow)
def clear_window(
    model: Model,
    radius: Annotated[int, Number(1, 256)] = 16,
) -> Model:
    """Let each part of the picture see only what is near it. Saves time on large pictures.

    Args:
        model: The diffusion transformer to speed up.
        radius: How far a token sees, in tokens (16 pixels each in most models); one larger than the picture
            changes nothing.
    """
    return model.with_patch(ClearWindow(radius))
