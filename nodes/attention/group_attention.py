"""GRAT: image tokens in square groups, each of which sees the groups in its row, its column and its frames.

All tokens of a group look at the same tokens, so each group is one dense operation without a mask.

Reference: Ren et al., Grouping First, Attending Smartly (2025), https://arxiv.org/abs/2505.14687
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from app.engine.groups import Group, Groups
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Sequence
from app.graph.node import node
from app.graph.widgets import Number


@dataclass
class Memory:
    """Groups by attention sequence: they are the same at every step."""

    groups: dict[Sequence, Groups] = field(default_factory=dict)


@dataclass(frozen=True)
class GroupAttention(Patch[Memory]):
    """Keeps the image pairs whose groups share a row, a column or, in a video, frames; text sees all."""

    side: int
    frames: int

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        layout, sequence = step.layout, attention.queries
        _, rows, columns = layout.grid
        covers = rows <= self.side or columns <= self.side
        if covers or not attention.between_image_tokens:
            return call(heads)
        if layout.active is not None:
            return call(heads)
        if sequence not in memory.groups:
            members = tuple(self.crosses(layout, sequence, heads.query.device))
            memory.groups[sequence] = Groups(members, heads.key.shape[2])
        return call(replace(heads, attend=memory.groups[sequence].attend))

    def crosses(self, layout: Layout, sequence: Sequence, device: torch.device) -> Iterator[Group]:
        """Yield the text, which sees everything, and each group with the cross around it."""
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
            own = shared.all(1).nonzero().flatten() + spans["image"].start
            seen = (shared & split).any(1).nonzero().flatten() + spans["image"].start
            yield Group(own, torch.cat([text, seen]))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        made = [groups for memory in memories.values() for groups in memory.groups.values()]
        return made[0].report("group_attention") if made else None


@node(patch=GroupAttention)
def group_attention(
    model: Model,
    side: Annotated[int, Number(1, 256)] = 8,
    frames: Annotated[int, Number(1, 64)] = 4,
) -> Model:
    """Let square groups of the picture see only the groups beside, above and below them.

    Args:
        model: The diffusion transformer to speed up.
        side: Rows and columns of a group, in tokens; one as large as the picture changes nothing.
        frames: Frames of a group, in tokens; groups that share them see each other where a video has more.
    """
    return model.with_patch(GroupAttention(side, frames))
