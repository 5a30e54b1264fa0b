"""Latent grids as token sequences, for the families whose transformers take tokens."""

from __future__ import annotations

import torch
from torch import Tensor

from app.engine.prediction import ModelInput, from_velocity

SIDE = 2  # latent cells to a token along each side


def pack(latent: Tensor) -> Tensor:
    """(B, C, h, w) -> (B, h/2 * w/2, C * 4)."""
    batch, channels, height, width = latent.shape
    cells = latent.reshape(batch, channels, height // SIDE, SIDE, width // SIDE, SIDE)
    return cells.permute(0, 2, 4, 1, 3, 5).reshape(batch, -1, channels * SIDE * SIDE)


def unpack(tokens: Tensor, like: Tensor) -> Tensor:
    """(B, N, C * 4) -> the shape of the latent `like`."""
    batch, _, height, width = like.shape
    cells = tokens.reshape(batch, height // SIDE, width // SIDE, -1, SIDE, SIDE)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(batch, -1, height, width)


def from_packed_velocity(given: ModelInput, output: Tensor) -> Tensor:
    """Return the denoised sample of a flow model that takes and returns tokens."""
    return from_velocity(given, unpack(output, given.latent))


def image_ids(latent: Tensor) -> Tensor:
    """Return (0, row, column) of each image token, (N, 3)."""
    rows, columns = latent.shape[-2] // SIDE, latent.shape[-1] // SIDE
    axes = (torch.arange(size) for size in (1, rows, columns))
    return torch.cartesian_prod(*axes).reshape(-1, 3).to(latent.device, torch.float32)
