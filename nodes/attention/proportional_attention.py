"""Proportional attention: keep attention as sharp on a large picture as on those the model was trained on.

Over more tokens a softmax spreads out. Scores grow by the square root of log(tokens) / log(trained tokens).

Reference: Zhuo et al., Lumina-Next (2024), https://arxiv.org/abs/2406.18583
Reference: Wang et al., FiTv2 (2024), https://arxiv.org/abs/2410.13925
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import log
from typing import Annotated, Any, ClassVar

from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Number, Slider


@dataclass
class Memory:
    """Factor on the scores that was used last; 1 for none."""

    factor: float = 1.0


@dataclass(frozen=True)
class ProportionalAttention(Patch[Memory]):
    """Scales scores between image tokens where there are more than `tokens`; strength 0 changes nothing."""

    tokens: int
    strength: float

    claims: ClassVar[frozenset[str]] = frozenset({"scale"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        tokens = step.whole.image
        if self.strength == 0 or tokens <= self.tokens or not attention.between_image_tokens:
            return call(heads)
        memory.factor = (log(tokens) / log(self.tokens)) ** (self.strength / 2)
        return call(replace(heads, scale=heads.factor * memory.factor))

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        factor = max(memory.factor for memory in memories.values())
        return {"technique": "proportional_attention", "factor": factor} if factor > 1 else None


@node(patch=ProportionalAttention)
def proportional_attention(
    model: Model,
    tokens: Annotated[int, Number(0, 1_000_000)] = 0,
    strength: Annotated[float, Slider(0.0, 2.0, step=0.05)] = 1.0,
) -> Model:
    """Keep attention sharp on pictures larger than those that the model was trained on.

    Args:
        model: The diffusion transformer.
        tokens: Image tokens of the pictures that the model was trained on; 0 for those of its own best size.
            Smaller pictures stay as they are.
        strength: 1 is the papers' rule; 0 changes nothing.
    """
    return model.with_patch(ProportionalAttention(max(2, tokens or trained_tokens(model)), strength))


def trained_tokens(model: Model) -> int:
    """Return the image tokens of a picture of the model's best size."""
    width, height = (size // model.family.latent.multiple for size in model.native_size)
    return width * height
