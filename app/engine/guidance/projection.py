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


def along_common(vector: Tensor, other: Tensor) -> Tensor:
    """Return the part of `vector` along the direction that it and `other` have most in common.

    That is the first right singular vector of the two, found from their 2 x 2 matrix of inner products.
    """
    pair = torch.stack([vector.flatten(1), other.flatten(1)], dim=1).double()
    _, rotation = torch.linalg.eigh(pair @ pair.mT)
    direction = (rotation[:, :, -1:].mT @ pair)[:, 0].reshape(vector.shape)
    along: Tensor = share_along(vector.double(), direction) * direction
    return along.to(vector)
