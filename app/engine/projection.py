"""Directions between latents, picture by picture: what guidance keeps, shortens or removes."""

from __future__ import annotations

import torch
from torch import Tensor


def over_picture(tensor: Tensor) -> tuple[int, ...]:
    """Return all dimensions but the batch."""
    return tuple(range(1, tensor.ndim))


def dot(one: Tensor, other: Tensor) -> Tensor:
    """Return the inner product of each picture, (B, 1, ...)."""
    return (one * other).sum(over_picture(one), keepdim=True)


def share_along(vector: Tensor, direction: Tensor) -> Tensor:
    """Return the factor a, (B, 1, ...), that brings a * direction closest to vector; 0 for no direction."""
    length = dot(direction, direction)
    return torch.where(length > 0, dot(vector, direction) / length.where(length > 0, 1.0), 0.0)


def norm(tensor: Tensor) -> Tensor:
    """Return the length of each picture, (B, 1, ...)."""
    return dot(tensor, tensor).sqrt()


def spread(tensor: Tensor) -> Tensor:
    """Return the standard deviation within each picture, (B, 1, ...)."""
    return tensor.std(over_picture(tensor), keepdim=True)
