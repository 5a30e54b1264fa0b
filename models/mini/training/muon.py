"""Muon: momentum whose matrices are made nearly orthogonal before they are applied (Jordan et al., 2024)."""

from collections.abc import Sequence

import torch
import torch.distributed as dist
from torch import Tensor
from torch.nn import Parameter


def orthogonalize(matrix: Tensor, iterations: int = 5) -> Tensor:
    """Push all singular values of a matrix towards 1 by a quintic Newton-Schulz iteration."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x: Tensor = matrix / (matrix.norm() + 1e-7)
    tall = x.size(0) > x.size(1)
    if tall:
        x = x.T
    for _ in range(iterations):
        gram = x @ x.T
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.T if tall else x


class Muon:
    """Muon for weight matrices; every worker orthogonalizes its share and all of them sum the updates."""

    def __init__(self, parameters: Sequence[Parameter]) -> None:
        """Take the matrices to train."""
        self.parameters, self.momentum, self.weight_decay = list(parameters), 0.95, 0.01
        self.buffers: dict[int, Tensor] = {}
        self.rank, self.workers = dist.get_rank(), dist.get_world_size()

    @torch.no_grad()
    def step(self, learning_rate: float) -> None:
        """Apply one update from the averaged gradients and clear them."""
        updates = [
            self._update(i, p) if i % self.workers == self.rank else torch.zeros(p.numel())
            for i, p in enumerate(self.parameters)
        ]
        flat = torch.cat(updates)
        dist.all_reduce(flat)
        parts = torch.split(flat, [p.numel() for p in self.parameters])
        for parameter, part in zip(self.parameters, parts, strict=True):
            parameter.add_(part.view_as(parameter), alpha=-learning_rate)
            parameter.mul_(1 - learning_rate * self.weight_decay)
            parameter.grad = None

    def _update(self, index: int, parameter: Parameter) -> Tensor:
        gradient = parameter.grad
        if gradient is None:
            return torch.zeros(parameter.numel())
        buffer = self.buffers.setdefault(index, torch.zeros_like(parameter))
        buffer.lerp_(gradient, 1 - self.momentum)
        direction: Tensor = orthogonalize(gradient.lerp(buffer, self.momentum))
        update: Tensor = direction * max(1.0, parameter.size(0) / parameter.size(1)) ** 0.5
        return update.reshape(-1)
