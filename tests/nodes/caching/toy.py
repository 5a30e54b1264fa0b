"""A trunk of blocks that only add, to see exactly what a cache does with what they add."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from app.engine.model import Patch
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Layout, Tokens

Adds = Callable[[int, int], float]  # (step, depth) -> what that block adds to every number


@dataclass
class Toy:
    """Runs `patch` around `count` blocks; keeps which ran, and the tokens before each block."""

    patch: Patch[Any]
    adds: Adds
    count: int = 4
    calls: list[tuple[int, int]] = field(default_factory=list)
    inside: list[list[Tokens]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.memory = self.patch.new_memory()

    def walk(self, steps: int) -> list[Tensor]:
        """Return the image tokens after the trunk at each step."""
        return [self.step(index, steps).image for index in range(steps)]

    def step(self, index: int, steps: int) -> Tokens:
        where = Step(index, steps, 1 - index / steps, "cond", 0, Layout((1, 2, 2), 3))
        tokens = start(index)
        self.inside.append([tokens])
        for block in blocks(self.count):
            tokens = self.patch.wrap_block(where, self.memory, block, tokens, self.block(index, block.depth))
            self.inside[-1].append(tokens)
        return tokens

    def block(self, index: int, depth: int) -> Callable[[Tokens], Tokens]:
        def call(tokens: Tokens) -> Tokens:
            self.calls.append((index, depth))
            return Tokens({name: x + self.adds(index, depth) for name, x in tokens.streams.items()})

        return call


def blocks(count: int) -> Iterator[Block]:
    return (Block("blocks", depth, depth, count) for depth in range(count))


def start(index: int) -> Tokens:
    """Tokens that change from step to step."""
    return Tokens({"image": torch.full((1, 4, 2), 0.25 * index), "text": torch.full((1, 3, 2), 0.5 * index)})


def dense(adds: Adds, steps: int, count: int = 4) -> list[Tensor]:
    """Return what the trunk gives without a cache."""
    return [start(i).image + sum(adds(i, depth) for depth in range(count)) for i in range(steps)]


def same(one: list[Tensor], other: list[Tensor], tolerance: float = 1e-5) -> bool:
    return all(torch.allclose(a, b, atol=tolerance) for a, b in zip(one, other, strict=True))
