"""Which blocks, or which heads of their attention, a technique works on, as a user types it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from app.engine.sites import Block
from app.graph.problem import Refusal

ENTRY = re.compile(r"(\d+)(?:-(\d+)|((?:\.\d+)+))?")


@dataclass(frozen=True)
class BlockChoice:
    """Blocks of the trunk by depth, each with the heads that are meant.

    Attributes:
        heads: Depth -> heads; None stands for all. An empty choice means the block in the middle.
    """

    heads: Mapping[int, tuple[int, ...] | None]

    def holds(self, block: Block) -> bool:
        """Whether a block is meant."""
        return block.in_trunk and (
            block.depth in self.heads if self.heads else block.depth == block.count // 2
        )

    def heads_of(self, block: Block) -> tuple[int, ...] | None:
        """Return the heads of a block that are meant; None for all."""
        return self.heads.get(block.depth)


def read_blocks(text: str, input: str = "blocks") -> BlockChoice:
    """Read `7, 8-10, 12.0.3`: block 7, blocks 8 to 10, and heads 0 and 3 of block 12."""
    heads: dict[int, tuple[int, ...] | None] = {}
    for entry in text.replace(",", " ").split():
        match = ENTRY.fullmatch(entry)
        if match is None:
            raise Refusal(
                f"{entry!r} names no blocks.",
                "Type depths such as 7, 8-10, or heads of a block such as 12.0.3; nothing for the middle.",
                code="bad_blocks",
                input=input,
            )
        first, last, chosen = match.groups()
        for depth in range(int(first), int(last or first) + 1):
            heads[depth] = tuple(int(head) for head in chosen[1:].split(".")) if chosen else None
    return BlockChoice(heads)
