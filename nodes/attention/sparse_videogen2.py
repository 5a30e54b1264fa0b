"""Sparse VideoGen2: bring tokens that are alike together, and compute the groups that matter to each other.

Queries and keys of each head are grouped by k-means, which goes on from the last step's centroids. A group of
queries looks at the groups of keys that hold most of its attention, as the centroids foretell it.

Reference: Yang et al., Sparse VideoGen2 (2025), https://arxiv.org/abs/2505.18875
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Annotated, Any, ClassVar

import torch
from torch import Tensor

from app.engine.attention.block_sparse import attend_blocks
from app.engine.attention.clusters import Clusters, cluster
from app.engine.attention.density import Density, report_of
from app.engine.attention.partition import Pattern, with_text
from app.engine.model import Model, Patch
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.engine.tokens import Stream
from app.graph.node import node
from app.graph.widgets import Number, Slider

FIRST_ITERATIONS, ITERATIONS = 50, 2  # of k-means at a layer's first sparse step, and at each later one


@dataclass
class Memory:
    """Centroids of queries and keys by layer, and what was looked at."""

    centroids: dict[Attention, tuple[Tensor, Tensor]] = field(default_factory=dict)
    density: Density = field(default_factory=Density)


@dataclass(frozen=True)
class SparseVideogen2(Patch[Memory]):
    """Keeps the groups of keys that hold `top_p` of the attention; text sees and is seen by all.

    Attributes:
        query_clusters: Groups of queries in each head.
        key_clusters: Groups of keys in each head.
        top_p: Share of the attention, as the centroids foretell it, that the kept groups hold at least.
        least: Share of the groups that is kept at least.
        dense_steps: Share of the steps, at the beginning, that look at everything.
        dense_blocks: Number of blocks, at the beginning, that look at everything.
    """

    query_clusters: int
    key_clusters: int
    top_p: float
    least: float
    dense_steps: float
    dense_blocks: int

    claims: ClassVar[frozenset[str]] = frozenset({"attention"})

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_attention(
        self, step: Step, memory: Memory, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        if not attention.between_image_tokens:
            return call(heads)
        if step.index < self.dense_steps * step.total or attention.block.depth < self.dense_blocks:
            memory.density.add_dense(attention.block.depth, heads)
            return call(heads)
        spans = step.layout.spans(attention.queries)
        return call(replace(heads, attend=partial(self.attend, memory, attention, spans)))

    def attend(
        self, memory: Memory, attention: Attention, spans: Mapping[Stream, slice], heads: Heads
    ) -> Tensor:
        queries, keys = self.clusters(memory, attention, heads, spans["image"])
        sizes = keys.partition.sizes
        keep = self.kept(heads.factor * queries.centroids @ keys.centroids.mT, sizes)
        pattern = with_text(Pattern(queries.partition, keys.partition, keep), spans)
        memory.density.add(attention.block.depth, heads, pattern)
        return attend_blocks(heads, pattern).output

    def clusters(
        self, memory: Memory, attention: Attention, heads: Heads, image: slice
    ) -> tuple[Clusters, Clusters]:
        """Group the image's queries and keys, from where the last step left off."""
        known = memory.centroids.get(attention)
        starts, iterations = known or (None, None), ITERATIONS if known else FIRST_ITERATIONS
        queries = cluster(heads.query[:, :, image], self.query_clusters, iterations, starts[0])
        keys = cluster(heads.key[:, :, image], self.key_clusters, iterations, starts[1])
        memory.centroids[attention] = queries.centroids, keys.centroids
        return queries, keys.for_heads(heads.query.shape[1])

    def kept(self, scores: Tensor, sizes: Tensor) -> Tensor:
        """Return the groups of keys (B, K, C) that each group of queries looks at, (B, K, P, C)."""
        shares = (scores + sizes.log()[:, :, None]).softmax(-1)
        ranked, order = shares.sort(-1, descending=True)
        chosen = ranked.cumsum(-1) - ranked < self.top_p
        chosen[..., : max(1, int(self.least * sizes.shape[-1]))] = True
        return torch.zeros_like(chosen).scatter(-1, order, chosen)

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        return report_of("sparse_videogen2", (memory.density for memory in memories.values()))


@node(patch=SparseVideogen2, title="Sparse VideoGen2")
def sparse_videogen2(
    model: Model,
    query_clusters: Annotated[int, Number(1, 1000)] = 64,
    key_clusters: Annotated[int, Number(1, 4000)] = 256,
    top_p: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.9,
    least: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.1,
    dense_steps: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.2,
    dense_blocks: Annotated[int, Number(0, 100)] = 1,
) -> Model:
    """Group tokens that are alike, and let groups look only at those that matter to them.

    Args:
        model: The diffusion transformer to speed up.
        query_clusters: Groups of tokens that ask, about one for 64 tokens; the paper has 300 for videos.
        key_clusters: Groups of tokens that answer. The paper has 1000 for videos.
        top_p: Share of the attention that is kept; higher is slower and more exact.
        least: Share of the groups that is kept in any case.
        dense_steps: Share of the steps, at the beginning, that look at everything; 1 changes nothing.
        dense_blocks: So many blocks at the beginning look at everything.
    """
    patch = SparseVideogen2(query_clusters, key_clusters, top_p, least, dense_steps, dense_blocks)
    return model.with_patch(patch)
