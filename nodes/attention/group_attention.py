"""GRAT: image tokens in square groups, each of which sees those in its row, column and frames, or around it.

All tokens of a group look at the same tokens, so each group is one dense operation without a mask.

Reference: Ren et al., Grouping First, Attending Smartly (2025), https://arxiv.org/abs/2505.14687
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar, Literal

import torch
from torch import Tensor

from app.engine.attention.groups import Group, Groups, covered
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Sequence
from app.graph.node import node
from app.graph.widgets import Number

Shape = Literal["cross", "block"]


@dataclass
class Memory:
    """Groups by attention sequence: they are the same at every step; or the picture where they see all."""

    groups: dict[Sequence, Groups] = field(default_factory=dict)
    covered: Layout | None = None


@dataclass(frozen=True)
class GroupAttention(Patch[Memory]):
    """Keeps the image pairs whose groups lie in one cross, or near each other; text sees all.

    Attributes:
        side: Rows and columns of a group, in tokens.
        frames: Frames of a group, in tokens.
        pattern: `cross` for groups that share a row, a column or, in a video, frames; `block` for neighbours.
        radius: How many groups away a neighbour is at most.
    """

    side: int
    frames: int
    pattern: Shape = "cross"
    radius: int = 1

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        layout, sequence = step.layout, attention.queries
        if self.covers(layout):
            memory.covered = layout
            return call(heads)
        if layout.active is not None or not attention.between_image_tokens:
            return call(heads)
        if sequence not in memory.groups:
            members = tuple(self.members(layout, sequence, heads.query.device))
            memory.groups[sequence] = Groups(members, heads.key.shape[2])
        return call(replace(heads, attend=memory.groups[sequence].attend))

    def covers(self, layout: Layout) -> bool:
        """Whether every group sees all others."""
        frames, rows, columns = (
            -(-size // group)
            for size, group in zip(layout.grid, (self.frames, self.side, self.side), strict=True)
        )
        if self.pattern == "cross":
            return rows == 1 or columns == 1
        return max(frames, rows, columns) <= self.radius + 1

    def members(self, layout: Layout, sequence: Sequence, device: torch.device) -> Iterator[Group]:
        """Yield the text, which sees everything, and each group with what it sees."""
        spans = layout.spans(sequence)
        text = torch.arange(0, device=device)
        if "text" in spans:
            text = torch.arange(spans["text"].start, spans["text"].stop, device=device)
            yield Group(text)
        size = torch.tensor([self.frames, self.side, self.side], device=device)
        places = layout.positions(device) // size
        split = torch.tensor([layout.grid[0] > self.frames, True, True], device=device)
        for group in torch.unique(places, dim=0):
            shared = places == group
            near = ((places - group).abs() <= self.radius).all(1)
            seen = near if self.pattern == "block" else (shared & split).any(1)
            own, seen = (which.nonzero().flatten() + spans["image"].start for which in (shared.all(1), seen))
            yield Group(own, torch.cat([text, seen]))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        made = [groups for memory in memories.values() for groups in memory.groups.values()]
        if made:
            return made[0].report("group_attention")
        whole = next((memory.covered for memory in memories.values() if memory.covered), None)
        return (
            covered("group_attention", whole, "every group sees all others; make them smaller")
            if whole
            else None
        )


@node(patch=GroupAttention)
def group_attention(
    model: Model,
    side: Annotated[int, Number(1, 256)] = 8,
    frames: Annotated[int, Number(1, 64)] = 4,
    pattern: Shape = "cross",
    radius: Annotated[int, Number(1, 64)] = 1,
) -> Model:
    """Let square groups of the picture see only the groups in their row and column, or around them.

    Args:
        model: The diffusion transformer to speed up.
        side: Rows and columns of a group, in tokens; one as large as the picture changes nothing.
        frames: Frames of a group, in tokens; groups that share them see each other where a video has more.
        pattern: All groups in the row, the column and the frames (`cross`), or those around (`block`).
        radius: With `block`, how many groups away these are at most.
    """
    return model.with_patch(GroupAttention(side, frames, pattern, radius))
