"""LoRA as side branches: what it adds is computed beside the weights, which stay as they are.

Reference: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2021), https://arxiv.org/abs/2106.09685
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Forward = Callable[..., Any]


@dataclass(frozen=True, eq=False)
class Update:
    """What is added to the output of one linear module: up(down(x)).

    Attributes:
        down: (rank, in).
        up: (out, rank), already scaled by alpha / rank.
    """

    down: Tensor
    up: Tensor


@dataclass(frozen=True, eq=False)
class Adapter:
    """The updates of one LoRA, at a strength for each module.

    Attributes:
        updates: Module name -> update.
        strengths: Module name -> factor; a module at 0 is left alone.
    """

    updates: Mapping[str, Update]
    strengths: Mapping[str, float]

    @property
    def nbytes(self) -> int:
        return sum(update.down.nbytes + update.up.nbytes for update in self.updates.values())


def together(adapters: Sequence[Adapter], name: str) -> Update | None:
    """Return all updates of one module as one of a higher rank; None where every strength is 0."""
    found = [
        (adapter.updates[name], strength)
        for adapter in adapters
        if name in adapter.updates and (strength := adapter.strengths[name]) != 0
    ]
    if not found:
        return None
    down = torch.cat([update.down for update, _ in found])
    return Update(down, torch.cat([update.up * strength for update, strength in found], dim=1))


class Branch:
    """Stands in for the forward of a linear module and adds an update to what it returns."""

    def __init__(self, update: Update, forward: Forward) -> None:
        self.update, self.forward = update, forward

    def __call__(self, x: Tensor) -> Tensor:
        narrow = nn.functional.linear(x.to(self.update.down.dtype), self.update.down)
        added = nn.functional.linear(narrow, self.update.up)
        output: Tensor = self.forward(x)
        return output + added.to(output.dtype)
