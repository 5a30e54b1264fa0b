"""PISA: exact attention to the key blocks that matter, a short series for each of the others.

A dropped block counts through the mean of its keys and the sum of its values (order 0), and through one
average slope for all dropped blocks together (order 1), so that its share of the attention is not lost.

Reference: Li et al., PISA: Piecewise Sparse Attention Is Wiser (2026), https://arxiv.org/abs/2602.01077
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, ClassVar, Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from app.engine.attention.block_sparse import attend_blocks
from app.engine.attention.density import Density, report_of
from app.engine.attention.partition import Partition, Pattern, tiles, with_text
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Layout, Stream
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number, Slider


@dataclass
class Memory:
    """Tiles of the grid, the same at every step, and what was looked at."""

    tiles: Partition | None = None
    density: Density = field(default_factory=Density)


@dataclass(frozen=True)
class PiecewiseSparseAttention(Patch[Memory]):
    """Keeps the `density` best tiles of keys for each tile of queries; text sees and is seen by all."""

    density: float
    side: int
    order: int
    dense_blocks: int

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if self.density >= 1 or not attention.between_image_tokens:
            return call(heads)
        if attention.block.depth < self.dense_blocks:
            memory.density.add_dense(attention.block.depth, heads)
            return call(heads)
        layout = step.layout
        cut = self.tiles(memory, layout, heads.query.device)
        attend = partial(
            self.attend, memory.density, attention.block.depth, cut, layout.spans(attention.queries)
        )
        return call(replace(heads, attend=attend))

    def tiles(self, memory: Memory, layout: Layout, device: torch.device) -> Partition:
        """Return the tiles of the tokens that the trunk works on."""
        if layout.active is not None:
            return tiles(layout.positions(device), self.side)
        memory.tiles = memory.tiles or tiles(layout.positions(device), self.side)
        return memory.tiles

    def attend(
        self, density: Density, depth: int, cut: Partition, spans: Mapping[Stream, slice], heads: Heads
    ) -> Tensor:
        blocks = Blocks.of(heads, cut, spans["image"])
        keep = blocks.best(max(1, int(self.density * cut.sizes.shape[-1])))
        exact = with_text(Pattern(cut, cut, keep), spans)
        density.add(depth, heads, exact)
        return blocks.series(heads, exact, keep, self.order)

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        tallies = (memory.density for memory in memories.values())
        return report_of("piecewise_sparse_attention", tallies)


@dataclass(frozen=True, eq=False)
class Blocks:
    """What is known of each tile of image tokens.

    Attributes:
        image: Where the image tokens lie in the sequence.
        labels: (N,), tile of each image token.
        query: (B, K, P, d), mean query.
        key: (B, K, P, d), mean key.
        value: (B, K, P, d), mean value.
        weight: (B, K, P), how many tokens the tile counts for, without those that a mask drops.
        slope: (B, K, d, d), sum over all tokens of (key - mean key)^T value.
        size: (B, K, P), norm of the same sum over each tile.
        bias: (B, K, 1, M), what the mask adds to the score of each key of the sequence.
    """

    image: slice
    labels: Tensor
    query: Tensor
    key: Tensor
    value: Tensor
    weight: Tensor
    slope: Tensor
    size: Tensor
    factor: float
    bias: Tensor

    @classmethod
    def of(cls, heads: Heads, cut: Partition, image: slice) -> Blocks:
        shared = heads.query.shape[1] // heads.key.shape[1]
        query, key, value = (x[:, :, image].float() for x in (heads.query, heads.key, heads.value))
        key, value = key.repeat_interleave(shared, 1), value.repeat_interleave(shared, 1)
        bias = key_bias(heads)
        weights = bias[:, :, 0, image].exp()
        labels = cut.labels[0, 0][cut.order[0, 0].argsort()]
        weight = sums(weights[..., None], labels, cut)[..., 0]
        means = [
            sums(x * w, labels, cut) / sums(w, labels, cut).clamp(min=1e-9)
            for x, w in (
                (query, torch.ones_like(weights)[..., None]),
                (key, weights[..., None]),
                (value, weights[..., None]),
            )
        ]
        centred, weighted = key - means[1][:, :, labels], value * weights[..., None]
        return cls(
            image,
            labels,
            query=means[0],
            key=means[1],
            value=means[2],
            weight=weight,
            slope=centred.mT @ weighted,
            size=norms(centred, weighted, cut),
            factor=heads.factor,
            bias=bias,
        )

    def best(self, count: int) -> Tensor:
        """Return the `count` tiles of keys that matter most to each tile of queries, (B, K, P, P)."""
        scores = self.factor * self.query @ self.key.mT + (self.size + 1e-5).log()[:, :, None]
        keep = torch.zeros_like(scores, dtype=torch.bool)
        return keep.scatter(-1, scores.topk(count).indices, value=True)

    def series(self, heads: Heads, exact: Pattern, keep: Tensor, order: int) -> Tensor:
        """Attend to the kept tiles token by token, and to one stand-in for each of the others."""
        found = attend_blocks(self.with_stand_ins(heads), self.with_dropped(exact, keep))
        if order == 0:
            return found.output
        query = heads.query[:, :, self.image].float()
        scores = self.factor * query @ self.key.mT + self.weight.log()[:, :, None]
        dropped = scores.masked_fill(keep[:, :, self.labels], float("-inf")).logsumexp(-1)
        share = (dropped - found.log_sum[:, :, self.image]).exp() / self.weight.sum(-1, keepdim=True)
        slope = share[..., None] * self.factor * (query @ self.slope)
        output = found.output.clone()
        output[:, :, self.image] += slope.to(output.dtype)
        return output

    def with_stand_ins(self, heads: Heads) -> Heads:
        """Append a key and a value for each tile; they count as often as the tile has tokens."""
        shared = heads.query.shape[1] // heads.key.shape[1]
        key, value = (
            torch.cat([x.repeat_interleave(shared, 1), mean.to(x.dtype)], 2)
            for x, mean in ((heads.key, self.key), (heads.value, self.value))
        )
        counts = self.weight.log()[:, :, None]
        bias = torch.cat([self.bias.expand(*counts.shape[:2], -1, -1), counts], -1).to(key.dtype)
        return replace(heads, key=key, value=value, mask=bias)

    def with_dropped(self, exact: Pattern, keep: Tensor) -> Pattern:
        """Let each tile of queries look at the stand-ins of the tiles that it does not see."""
        rows = torch.arange(self.weight.shape[-1], device=keep.device)[None, None]
        order = torch.cat([exact.keys.order, rows + exact.keys.order.shape[-1]], -1)
        keys = Partition(order, torch.cat([exact.keys.sizes, torch.ones_like(rows)], -1))
        dropped = pad(~keep, (0, 0, 0, exact.keep.shape[2] - keep.shape[2]), value=False)
        return Pattern(exact.queries, keys, torch.cat([exact.keep, dropped], -1))


def sums(x: Tensor, labels: Tensor, cut: Partition) -> Tensor:
    """Add up the rows of each tile, (B, K, N, d) -> (B, K, P, d)."""
    return x.new_zeros(*x.shape[:2], cut.sizes.shape[-1], x.shape[-1]).index_add(2, labels, x)


def norms(key: Tensor, value: Tensor, cut: Partition) -> Tensor:
    """Return the Frobenius norm of key^T value within each tile, (B, K, P)."""
    rows, real = (x[0, 0] for x in cut.padded())
    keys, values = (x[:, :, rows] * real[..., None] for x in (key, value))
    return ((keys @ keys.mT) * (values @ values.mT)).sum((-1, -2)).clamp(min=0).sqrt()


def key_bias(heads: Heads) -> Tensor:
    """Return what the mask adds to the score of each key, (B, K, 1, M); B and K may be 1."""
    mask = heads.mask
    if mask is None:
        return torch.zeros(1, 1, 1, heads.key.shape[2], device=heads.key.device)
    if mask.stride(-2) == 0:
        mask = mask[..., :1, :]  # one row, shown to all queries
    if mask.shape[-2] > 1:
        raise Refusal(
            "Piecewise sparse attention sums up keys once for all queries, but here a mask differs by query.",
            "Remove the technique that hides some tokens from some others, or use Group attention.",
            code="mask_not_supported",
            input="model",
        )
    bias = mask.float().log() if mask.dtype == torch.bool else mask.float()
    return bias.expand(*bias.shape[:-1], heads.key.shape[2])


@node(patch=PiecewiseSparseAttention)
def piecewise_sparse_attention(
    model: Model,
    density: Annotated[float, Slider(0.01, 1.0, step=0.01)] = 0.15,
    side: Annotated[int, Number(1, 64)] = 8,
    order: Literal["0", "1"] = "1",
    dense_blocks: Annotated[int, Number(0, 100)] = 0,
) -> Model:
    """Look at the parts of the picture that matter token by token, and at the rest in summary.

    Args:
        model: The diffusion transformer to speed up.
        density: Share of the picture that each part of it sees token by token; 1 changes nothing.
        side: Rows and columns of a part, in tokens.
        order: How the rest is summed up: 0 by averages, 1, as in the paper, also with how values change with
            keys. With small parts 0 can be nearer.
        dense_blocks: So many blocks at the beginning see everything token by token.
    """
    return model.with_patch(PiecewiseSparseAttention(density, side, int(order), dense_blocks))
