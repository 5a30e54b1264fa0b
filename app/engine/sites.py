"""The places in a transformer where a technique can take part, and what it finds at each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import scaled_dot_product_attention

from app.engine.tokens import Sequence

Role = Literal["attention", "mlp"]


@dataclass(frozen=True)
class Block:
    """One transformer block.

    Attributes:
        stack: Attribute of the transformer that holds its list, such as `transformer_blocks`.
        index: Position in that list.
        depth: Position in the trunk, counted over all its stacks; -1 for a refiner outside of it.
        count: Number of blocks in the trunk.
        conditions: Whether its stack makes a condition that every block of the trunk reads.
    """

    stack: str
    index: int
    depth: int
    count: int
    conditions: bool = False

    @property
    def in_trunk(self) -> bool:
        return self.depth >= 0

    @property
    def first(self) -> bool:
        return self.depth == 0

    @property
    def last(self) -> bool:
        return self.depth == self.count - 1


@dataclass(frozen=True)
class Part:
    """An attention module with its projections, or an MLP, inside a block."""

    block: Block
    name: str
    role: Role

    def __str__(self) -> str:
        return f"{self.block.stack}.{self.block.index}.{self.name}"


@dataclass(frozen=True)
class Attention:
    """The attention operation itself: which tokens ask and which answer."""

    block: Block
    name: str
    queries: Sequence
    keys: Sequence

    @property
    def is_self(self) -> bool:
        """Whether the tokens attend to themselves, alone or joined with the text."""
        return self.queries == self.keys

    @property
    def between_image_tokens(self) -> bool:
        """Whether image tokens of the trunk attend to each other here, alone or joined with the text."""
        return self.is_self and self.queries != "text" and self.block.in_trunk


class Arguments(NamedTuple):
    """What a module is called with."""

    positional: tuple[Any, ...]
    named: dict[str, Any]


def dense(heads: Heads) -> Tensor:
    """Attend to every pair that the mask lets through, with torch's own choice of kernel."""
    shares_keys = heads.query.shape[1] != heads.key.shape[1]
    return scaled_dot_product_attention(
        heads.query,
        heads.key,
        heads.value,
        attn_mask=heads.mask,
        scale=heads.scale,
        enable_gqa=shares_keys,
    )


@dataclass(frozen=True, eq=False)
class Heads:
    """Operands of one attention operation, after projection, norm and RoPE.

    Attributes:
        query: (B, K, N, d).
        key: (B, K, M, d); K may be smaller, by a whole factor, where heads share keys.
        value: (B, K, M, d).
        mask: Added to the scores, or boolean with True for the pairs that count; None for all pairs.
        scale: Factor on the scores; None for 1 / sqrt(d).
        attend: Computes (B, K, N, d) from these operands once all patches have seen them. A technique that
            claims `attention` puts its own way here, and so works on what the others made of them.
    """

    query: Tensor
    key: Tensor
    value: Tensor
    mask: Tensor | None = None
    scale: float | None = None
    attend: Callable[[Heads], Tensor] = dense

    @property
    def factor(self) -> float:
        """Factor on the scores, as a number."""
        return self.query.shape[-1] ** -0.5 if self.scale is None else self.scale

    def with_own_keys(self) -> Heads:
        """Give each head keys and values of its own where heads share them."""
        shared = self.query.shape[1] // self.key.shape[1]
        if shared == 1:
            return self
        key, value = (x.repeat_interleave(shared, 1) for x in (self.key, self.value))
        return replace(self, key=key, value=value)

    def with_mask(self, keep: Tensor) -> Heads:
        """Also drop the pairs where the boolean `keep` is False."""
        if self.mask is None:
            return replace(self, mask=keep)
        if self.mask.dtype == torch.bool:
            return replace(self, mask=self.mask & keep)
        return replace(self, mask=self.mask.masked_fill(~keep, float("-inf")))
