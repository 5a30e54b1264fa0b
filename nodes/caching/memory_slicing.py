"""Memory slicing: run each MLP on some tokens after the others, so that its wide inner layer is never whole.

An MLP treats every token by itself, so this changes nothing but the memory it needs. Attention is left as it
is: PyTorch's own never holds all pairs at a time. The authors' code slices a U-Net; this is its DiT form.

Reference: Zhan et al., Fast and Memory-Efficient Video Diffusion (2024), https://arxiv.org/abs/2411.01171
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.sites import Arguments, Part
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Number


@dataclass
class Memory:
    """Most tokens that an MLP was given, and most that it worked on at a time."""

    tokens: int = 0
    at_once: int = 0
    steps: int = 0


@dataclass(frozen=True)
class MemorySlicing(Patch[Memory]):
    """Splits the tokens that enter an MLP into `slices` parts."""

    slices: int

    claims: ClassVar[frozenset[str]] = frozenset({"mlp"})
    splits_mlps: ClassVar[bool] = True

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_module(
        self, step: Step, memory: Memory, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        if part.role != "mlp" or self.slices == 1:
            return call(given)
        tokens = given.positional[0] if given.positional else given.named["hidden_states"]
        parts = tokens.tensor_split(min(self.slices, tokens.shape[1]), dim=1)
        memory.steps = step.total
        memory.tokens = max(memory.tokens, tokens.shape[1])
        memory.at_once = max(memory.at_once, parts[0].shape[1])
        return torch.cat([call(with_tokens(given, part)) for part in parts], dim=1)

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        return {
            "technique": "memory_slicing",
            "steps": max(memory.steps for memory in memories.values()),
            "mlp_tokens": max(memory.tokens for memory in memories.values()),
            "mlp_tokens_at_once": max(memory.at_once for memory in memories.values()),
        }


def with_tokens(given: Arguments, tokens: Tensor) -> Arguments:
    """Return the arguments of an MLP with other tokens in the first place."""
    if given.positional:
        return Arguments((tokens, *given.positional[1:]), given.named)
    return Arguments((), {**given.named, "hidden_states": tokens})


@node(patch=MemorySlicing)
def memory_slicing(model: Model, slices: Annotated[int, Number(1, 64)] = 7) -> Model:
    """Need less memory for MLPs, at almost the same speed and with the same picture.

    Args:
        model: The diffusion transformer.
        slices: In how many parts the tokens go through an MLP; 1 changes nothing.
    """
    return model.with_patch(MemorySlicing(slices))
