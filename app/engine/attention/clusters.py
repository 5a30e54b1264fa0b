"""Tokens that are alike, brought together by k-means."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from app.engine.attention.partition import Partition


class Clusters(NamedTuple):
    """Tokens of each head in groups around centroids.

    Attributes:
        labels: (B, K, N), cluster of each token.
        centroids: (B, K, C, d); an empty cluster keeps the one it had.
    """

    labels: Tensor
    centroids: Tensor

    @property
    def partition(self) -> Partition:
        """Return the tokens cluster after cluster."""
        sizes = torch.zeros(self.centroids.shape[:-1], dtype=torch.long, device=self.labels.device)
        sizes = sizes.scatter_add(-1, self.labels, torch.ones_like(self.labels))
        return Partition(self.labels.argsort(dim=-1, stable=True), sizes)

    def for_heads(self, count: int) -> Clusters:
        """Return them for so many heads, of which several share keys."""
        shared = count // self.labels.shape[1]
        return Clusters(*(x.repeat_interleave(shared, 1) for x in self)) if shared > 1 else self


def cluster(tokens: Tensor, count: int, iterations: int, start: Tensor | None = None) -> Clusters:
    """Group tokens (B, K, N, d) by Euclidean k-means; stops early once nothing changes.

    Args:
        tokens: What to group.
        count: Clusters; at most one a token.
        iterations: Times to move the centroids.
        start: (B, K, C, d), centroids to start from; None for tokens evenly spaced along the sequence.
    """
    tokens = tokens.float()
    length = tokens.shape[2]
    if start is None:
        start = tokens[:, :, torch.linspace(0, length - 1, min(count, length)).round().long()]
    centroids, labels = start, nearest(tokens, start)
    for _ in range(iterations):
        centroids = moved(tokens, labels, centroids)
        before, labels = labels, nearest(tokens, centroids)
        if torch.equal(before, labels):
            break
    return Clusters(labels, centroids)


def nearest(tokens: Tensor, centroids: Tensor) -> Tensor:
    """Return the nearest centroid of each token, (B, K, N)."""
    sizes = centroids.square().sum(-1)[:, :, None]
    distances = torch.baddbmm(sizes.flatten(0, 1), tokens.flatten(0, 1), centroids.mT.flatten(0, 1), alpha=-2)
    return distances.argmin(-1).view(tokens.shape[:-1])


def moved(tokens: Tensor, labels: Tensor, centroids: Tensor) -> Tensor:
    """Return the mean of each cluster."""
    sums = torch.zeros_like(centroids).scatter_add(2, labels[..., None].expand_as(tokens), tokens)
    ones = torch.ones_like(labels, dtype=tokens.dtype)
    counts = torch.zeros_like(centroids[..., 0]).scatter_add(2, labels, ones)[..., None]
    return torch.where(counts > 0, sums / counts.clamp(min=1), centroids)
