"""Latents as the transformer sees them: tokens of 2 x 2 cells with their positions."""

import torch
from torch import Tensor

CELL = 8
"""Pixels along one side of a latent cell."""


def pack(latent: Tensor) -> Tensor:
    """Turn a latent (B, C, h, w) into tokens (B, N, 4 C)."""
    batch, channels, height, width = latent.shape
    cells = latent.view(batch, channels, height // 2, 2, width // 2, 2)
    return cells.permute(0, 2, 4, 1, 3, 5).reshape(batch, height * width // 4, channels * 4)


def unpack(tokens: Tensor) -> Tensor:
    """Turn the tokens (B, N, 4 C) of a square picture into a latent (B, C, h, w)."""
    batch, count, width = tokens.shape
    side = round(count**0.5)
    cells = tokens.view(batch, side, side, width // 4, 2, 2)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(batch, width // 4, side * 2, side * 2)


def image_positions(side: int) -> Tensor:
    """Return img_ids (N, 3) of side x side tokens: (0, row, column)."""
    positions = torch.zeros(side, side, 3)
    positions[..., 1] += torch.arange(side)[:, None]
    positions[..., 2] += torch.arange(side)[None]
    return positions.reshape(-1, 3)
