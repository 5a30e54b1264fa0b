"""AdaSpa: now and then measure which parts of the picture look at which, and compute only those in between.

The measurement adds up the attention between each pair of tiles. It uses the sums of scores of the full step
that it is made in, so none have to be remembered from an earlier step. How heads share their budget is ours.

Reference: Xia et al., Training-free and Adaptive Sparse Attention (2025), https://arxiv.org/abs/2502.21079
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from math import ceil
from typing import Annotated, Any, ClassVar, NamedTuple

import torch
from torch import Tensor

from app.engine.attention.block_sparse import attend_all, attend_blocks
from app.engine.attention.density import Density, report_of
from app.engine.attention.partition import Partition, Pattern, tiles, with_text
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Stream
from app.graph.node import node
from app.graph.widgets import Number, Slider


class Found(NamedTuple):
    """What a search came to, and in which step."""

    step: int
    pattern: Pattern


@dataclass
class Memory:
    """Tiles of the grid, what was found for each layer, and what was looked at."""

    tiles: Partition | None = None
    found: dict[Attention, Found] = field(default_factory=dict)
    density: Density = field(default_factory=Density)


@dataclass(frozen=True)
class AdaptiveSparseAttention(Patch[Memory]):
    """Searches at step `warmup` and every `interval` steps from there; drops `sparsity` of the tiles between.

    Attributes:
        sparsity: Share of the tiles of keys that a tile of queries does not look at.
        side: Rows and columns of a tile, in tokens.
        warmup: Steps at the beginning that look at everything.
        interval: Steps from one search to the next.
        head_adaptive: Whether heads that look in few places leave some of their budget to the others.
    """

    sparsity: float
    side: int
    warmup: int
    interval: int
    head_adaptive: bool

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        layout, late = step.layout, step.index - self.warmup
        if self.sparsity == 0 or not attention.between_image_tokens:
            return call(heads)
        spans = layout.spans(attention.queries)
        if late < 0 or layout.active is not None:
            memory.density.add_dense(attention.block.depth, heads)
            return call(heads)
        known, due = memory.found.get(attention), step.index - late % self.interval
        if known and known.step >= due:  # a cache may have left this layer out in the very step that was due
            return call(
                replace(heads, attend=partial(attend_found, memory, attention.block.depth, known.pattern))
            )
        cut = memory.tiles = memory.tiles or tiles(layout.positions(heads.query.device), self.side)

        def search(heads: Heads) -> Tensor:
            output, pattern = self.search(heads, cut, spans)
            memory.found[attention] = Found(step.index, pattern)
            memory.density.add_dense(attention.block.depth, heads)
            return output

        return call(replace(heads, attend=search))

    def search(self, heads: Heads, cut: Partition, spans: Mapping[Stream, slice]) -> tuple[Tensor, Pattern]:
        """Attend to everything, and return also which tiles to look at from the next step on."""
        full = attend_all(heads)
        keep = self.chosen(masses(heads, full.log_sum, cut, spans["image"]))
        return full.output, with_text(Pattern(cut, cut, keep), spans)

    def chosen(self, mass: Tensor) -> Tensor:
        """Return the tiles to keep by their mass, (B, K, P, P)."""
        count = mass.shape[-1]
        even = ceil((1 - self.sparsity) * count)
        ranks = mass.argsort(dim=-1, descending=True, stable=True).argsort(-1)
        if not self.head_adaptive:
            return ranks < even
        found = torch.where(ranks < even, mass, 0).sum((-1, -2)) / mass.sum((-1, -2))
        return ranks < budgets(found, even, count)[..., None, None]

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        return report_of("adaptive_sparse_attention", (memory.density for memory in memories.values()))


def attend_found(memory: Memory, depth: int, pattern: Pattern, heads: Heads) -> Tensor:
    """Attend to the tiles that the last search found."""
    memory.density.add(depth, heads, pattern)
    return attend_blocks(heads, pattern).output


def masses(heads: Heads, log_sum: Tensor, cut: Partition, image: slice) -> Tensor:
    """Return the attention that the tokens of each tile pay to each tile together, (B, K, P, P).

    Args:
        heads: Operands of the whole sequence.
        log_sum: (B, K, N), of the scores of each query with all keys.
        cut: Tiles of the image tokens.
        image: Where these lie in the sequence.
    """
    key = heads.with_own_keys().key[:, :, image]
    labels = cut.labels[0, 0][cut.order[0, 0].argsort()]
    mask = None if heads.mask is None else heads.mask.expand(*log_sum.shape[:2], -1, heads.key.shape[2])
    rows_of_mass = []
    for rows in (cut.order[0, 0] + image.start).split(cut.sizes[0, 0].tolist()):
        scores = heads.factor * heads.query[:, :, rows] @ key.mT
        if mask is not None:
            here = mask[..., rows if mask.shape[2] > 1 else slice(None), image]
            scores = scores.masked_fill(~here, float("-inf")) if here.dtype == torch.bool else scores + here
        paid = (scores.float() - log_sum[:, :, rows, None]).exp().sum(2)
        tiled = paid.new_zeros(*paid.shape[:2], cut.sizes.shape[-1]).index_add(2, labels, paid)
        rows_of_mass.append(tiled)
    return torch.stack(rows_of_mass, 2)


def budgets(recall: Tensor, even: int, count: int) -> Tensor:
    """Return how many tiles each head keeps, (B, K); on average `even` of `count`, exactly.

    The head that finds most of its attention in `even` tiles gives to the one that finds least, the second to
    the last but one, and so on: the more, the further they are apart.
    """
    ranked, order = recall.sort(-1, descending=True)
    apart = ranked - ranked.flip(-1)  # positive for givers, the same below zero for takers
    moved = (apart.abs() * min(even - 1, count - even)).floor() * apart.sign()
    return torch.full_like(order, even) - torch.zeros_like(moved).scatter(-1, order, moved).long()


@node(patch=AdaptiveSparseAttention)
def adaptive_sparse_attention(
    model: Model,
    sparsity: Annotated[float, Slider(0.0, 0.99, step=0.01)] = 0.8,
    side: Annotated[int, Number(1, 64)] = 8,
    warmup: Annotated[int, Number(0, 1000)] = 10,
    interval: Annotated[int, Number(1, 100)] = 10,
    head_adaptive: bool = True,
) -> Model:
    """Find out on some steps which parts of the picture look at which, and skip the rest on others.

    Args:
        model: The diffusion transformer to speed up.
        sparsity: Share of the picture that each part of it does not look at; 0 changes nothing.
        side: Rows and columns of a part, in tokens.
        warmup: So many steps at the beginning look at everything; as many as there are change nothing.
        interval: Steps from one search to the next; a search takes longer than an ordinary step.
        head_adaptive: Let attention heads that look in few places leave some of their share to the others.
    """
    patch = AdaptiveSparseAttention(sparsity, side, warmup, interval, head_adaptive)
    return model.with_patch(patch)
