"""A trunk that works on some image tokens only: into it, out of it, and between tokens and latent cells."""

from __future__ import annotations

import torch
from torch import Tensor

from app.engine.step import Step
from app.engine.tokens import Tokens

Grid = tuple[int, int, int]


def enter(step: Step, tokens: Tokens, active: Tensor) -> Tokens:
    """Let the trunk go on with the image tokens `active` (n,)."""
    step.select(active)
    return Tokens({**tokens.streams, "image": tokens.image[:, active]})


def leave(step: Step, tokens: Tokens, active: Tensor) -> Tokens:
    """Let the trunk go on with all image tokens; those that did not take part are 0."""
    step.select(None)
    image = tokens.image.new_zeros(len(tokens.image), step.layout.image, tokens.image.shape[2])
    image[:, active] = tokens.image
    return Tokens({**tokens.streams, "image": image})


def cells_to_tokens(latent: Tensor, grid: Grid) -> Tensor:
    """Return the cells of each token together, (B, c, frames, rows, columns); frames may lack in `latent`."""
    batch, channels = latent.shape[:2]
    sizes = latent.shape[2:] if latent.ndim == 5 else (1, *latent.shape[2:])
    parts = [(count, size // count) for count, size in zip(grid, sizes, strict=True)]
    split = latent.reshape(batch, channels, *(number for part in parts for number in part))
    return split.permute(0, 1, 3, 5, 7, 2, 4, 6).reshape(batch, -1, *grid)


def tokens_to_cells(tokens: Tensor, like: Tensor) -> Tensor:
    """Undo `cells_to_tokens`; `like` has the shape of the latent."""
    grid = tokens.shape[2:]
    sizes = like.shape[2:] if like.ndim == 5 else (1, *like.shape[2:])
    per_token = [size // count for count, size in zip(grid, sizes, strict=True)]
    split = tokens.reshape(len(tokens), like.shape[1], *per_token, *grid)
    return split.permute(0, 1, 5, 2, 6, 3, 7, 4).reshape(len(tokens), *like.shape[1:])


def mask_of(active: Tensor, grid: Grid) -> Tensor:
    """Return which tokens of the grid are among `active`, (frames, rows, columns) bool."""
    mask = torch.zeros(grid, dtype=torch.bool, device=active.device)
    mask.view(-1)[active] = True
    return mask
