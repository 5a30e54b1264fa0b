"""Choose the kernel that computes attention.

Sparse techniques bring a kernel of their own, so the canvas says no to both on one wire. Where a model or a
technique needs a mask that the kernel cannot take, the run stops with the names of those that can.

Reference: Zhang et al., SageAttention (2024), https://arxiv.org/abs/2410.02367
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, ClassVar

from torch import Tensor

from app.engine.attention.backends import Backend, attend_with, installed
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.graph.node import node
from app.graph.problem import Refusal


@dataclass
class Memory:
    """Number of attention operations computed."""

    operations: int = 0


@dataclass(frozen=True)
class AttentionBackend(Patch[Memory]):
    """Computes every attention operation with one kernel; `auto` leaves the choice to torch."""

    backend: Backend

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})
    image_attention: ClassVar[bool] = False

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        memory.operations += 1
        return call(replace(heads, attend=partial(attend_with, self.backend)))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        operations = sum(memory.operations for memory in memories.values())
        return {"technique": "attention_backend", "backend": self.backend, "operations": operations}


@node(patch=AttentionBackend)
def attention_backend(model: Model, backend: Backend = "auto") -> Model:
    """Choose the kernel that computes attention.

    Args:
        model: The diffusion transformer.
        backend: With `auto`, torch decides. `sage` computes in 8 bits, on NVIDIA GPUs, and is a package of
            its own; `math` is slow and exact, for comparisons.
    """
    if not installed(backend):
        raise Refusal(
            "SageAttention is not installed.",
            "Install it with `pip install sageattention`, or choose another backend.",
            code="not_installed",
            input="backend",
        )
    return model.with_patch(AttentionBackend(backend))
