"""Rotations that spread single large numbers over many, so that few bits hold all of them.

Reference: Ashkboos et al., QuaRot (2024), https://arxiv.org/abs/2404.00456
Reference: ComfyUI's ConvRot, https://github.com/Comfy-Org/comfy-kitchen (`int8_utils`): the same matrix
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor

SIZES = (256, 64, 16)
QUARTER = ((1.0, 1.0, 1.0, -1.0), (1.0, 1.0, -1.0, 1.0), (1.0, -1.0, 1.0, 1.0), (-1.0, 1.0, 1.0, 1.0))


def rotation_size(columns: int) -> int:
    """Return the largest group of columns that can be rotated together; 0 for none."""
    return next((size for size in SIZES if columns % size == 0), 0)


def rotated(numbers: Tensor, size: int) -> Tensor:
    """Rotate each group of `size` numbers of the last axis; doing it twice gives them back."""
    groups = numbers.reshape(-1, size)
    return (groups @ hadamard(size, numbers.device).to(numbers.dtype)).reshape(numbers.shape)


@lru_cache(maxsize=8)
def hadamard(size: int, device: torch.device) -> Tensor:
    """Return the symmetric regular Hadamard matrix (size, size) with rows of length 1, for powers of 4."""
    quarter = torch.tensor(QUARTER, device=device) / 2
    matrix = torch.ones(1, 1, device=device)
    while len(matrix) < size:
        matrix = torch.kron(matrix, quarter)
    return matrix
