"""Latent grids as token sequences, for the families whose transformers take tokens."""

from __future__ import annotations

from collections.abc import Sequence

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
    tokens = tokens[:, : height // SIDE * (width // SIDE)]  # those of reference pictures come after
    cells = tokens.reshape(batch, height // SIDE, width // SIDE, -1, SIDE, SIDE)
    return cells.permute(0, 3, 1, 4, 2, 5).reshape(batch, -1, height, width)


def from_packed_velocity(given: ModelInput, output: Tensor) -> Tensor:
    """Return the denoised sample of a flow model that takes and returns tokens."""
    return from_velocity(given, unpack(output, given.latent))


def pack_with_references(given: ModelInput) -> Tensor:
    """Return the tokens of the latent with what is beside it, and after them those of pictures to look at."""
    batch = len(given.latent)
    references = (reference.expand(batch, -1, -1, -1) for reference in given.conditioning.references)
    return torch.cat([pack(latent) for latent in (given.with_beside, *references)], dim=1)


def reference_ids(references: Sequence[Tensor]) -> list[Tensor]:
    """Return (1, row, column) of each reference token: pictures side by side, in a plane of their own.

    A picture lies to the right of those before it or below them, wherever the whole stays squarer.
    """
    ids, high, wide = [], 0, 0
    for reference in references:
        rows, columns = reference.shape[-2] // SIDE, reference.shape[-1] // SIDE
        down, right = (0, wide) if rows + high > columns + wide else (high, 0)
        ids.append(image_ids(reference) + torch.tensor([1, down, right], device=reference.device))
        high, wide = max(high, rows + down), max(wide, columns + right)
    return ids


def image_ids(latent: Tensor) -> Tensor:
    """Return (0, row, column) of each image token, (N, 3)."""
    rows, columns = latent.shape[-2] // SIDE, latent.shape[-1] // SIDE
    axes = (torch.arange(size) for size in (1, rows, columns))
    return torch.cartesian_prod(*axes).reshape(-1, 3).to(latent.device, torch.float32)
