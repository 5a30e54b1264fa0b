"""Stochastic similarity filter: leaves frames out that are much like the last one that was worked on.

Reference: Kodaira et al., StreamDiffusion (2023), https://arxiv.org/abs/2312.12491
"""

from __future__ import annotations

import torch
from torch import Tensor


class SimilarityFilter:
    """Says which frames to leave out.

    A frame whose cosine similarity to the last one that was kept is c is left out with probability
    (c - threshold) / (1 - threshold): always where it is the same, never at the threshold or below. A
    threshold of 1 keeps all.
    """

    def __init__(self, threshold: float, most: int, seed: int) -> None:
        self.threshold, self.most = threshold, most
        self.random = torch.Generator("cpu").manual_seed(seed % 2**63)
        self.kept: Tensor | None = None
        self.left_out = 0  # since the last one that was kept

    def skips(self, frame: Tensor) -> bool:
        """Say whether to leave a frame out; never more than `most` in a row."""
        if self.threshold < 1 and self.left_out < self.most and self.drawn() < self.probability(frame):
            self.left_out += 1
            return True
        self.kept, self.left_out = frame, 0
        return False

    def probability(self, frame: Tensor) -> float:
        """Return how likely a frame is left out."""
        if self.kept is None:
            return 0.0
        likeness = torch.cosine_similarity(frame.flatten(), self.kept.flatten(), dim=0).item()
        return (likeness - self.threshold) / (1 - self.threshold)

    def drawn(self) -> float:
        return torch.rand((), generator=self.random).item()
