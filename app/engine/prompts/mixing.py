"""Several prompts for one picture: each answers for its part, and the answers are averaged.

The weight of a prompt at a place is its strength times its region; where an area is given, the model sees
that part of the latent only, and its answer fades in over a few cells along the edges inside the picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.conditioning import Conditioning

FADE = 8  # latent cells over which an area fades in


class Window(NamedTuple):
    """A part of a latent, in cells."""

    top: int
    left: int
    height: int
    width: int

    def of(self, latent: Tensor) -> Tensor:
        rows = slice(self.top, self.top + self.height)
        return latent[..., rows, self.left : self.left + self.width]


def window(conditioning: Conditioning, latent: Tensor, patch: tuple[int, int]) -> Window:
    """Return the cells of a prompt's area, rounded to whole tokens of `patch` (rows, columns) cells."""
    rows, columns = latent.shape[-2:]
    left, top, width, height = conditioning.scope.area or (0.0, 0.0, 1.0, 1.0)
    first_row, height_in = stretch(top, height, rows, patch[0])
    first_column, width_in = stretch(left, width, columns, patch[1])
    return Window(first_row, first_column, height_in, width_in)


def stretch(start: float, length: float, cells: int, patch: int) -> tuple[int, int]:
    """Return (first cell, number of cells) of a stretch given in shares, at least one token long."""
    tokens = cells // patch
    count = min(tokens, max(1, round(length * tokens)))
    first = min(round(start * tokens), tokens - count)
    return first * patch, count * patch


def mixed(
    parts: Sequence[Conditioning],
    latent: Tensor,
    patch: tuple[int, int],
    ask: Callable[[int, Tensor], Tensor],
) -> Tensor:
    """Return the average of what `ask` answers for each part's number and view of the latent.

    Where no part has any weight, all of them count alike.
    """
    total, weights = torch.zeros_like(latent), torch.zeros_like(latent[:1, :1])
    plain, seen = torch.zeros_like(latent), torch.zeros_like(weights)
    for number, part in enumerate(parts):
        view = window(part, latent, patch)
        answer, weight = ask(number, view.of(latent)), weight_of(part, view, latent)
        view.of(total).add_(answer * view.of(weight))
        view.of(plain).add_(answer)
        view.of(weights).add_(view.of(weight))
        view.of(seen).add_(1)
    unseen = torch.where(seen > 0, plain / seen.clamp(min=1), latent)
    return torch.where(weights > 0, total / weights.where(weights > 0, 1), unseen)


def weight_of(part: Conditioning, view: Window, latent: Tensor) -> Tensor:
    """Return a part's weight at each cell, (1, 1, h, w) or (1, 1, 1, h, w)."""
    weight = torch.full_like(latent[:1, :1], part.scope.strength)
    if part.region is not None:
        size = (latent.shape[-2], latent.shape[-1])
        region = interpolate(part.region[:1, None].to(latent), size, mode="bilinear", align_corners=False)
        return weight * region.reshape(1, 1, *[1] * (latent.ndim - 4), *size)
    for along, (first, count, cells) in enumerate(
        ((view.top, view.height, latent.shape[-2]), (view.left, view.width, latent.shape[-1]))
    ):
        shape = (-1, 1) if along == 0 else (-1,)
        weight = weight * fade(first, count, cells).to(latent).reshape(shape)
    return weight


def fade(first: int, count: int, cells: int) -> Tensor:
    """Return weights along one side, (cells,), that rise and fall at ends inside the picture."""
    place = torch.arange(cells) - first
    rise = ((place + 1) / FADE).clamp(0, 1) if first > 0 else torch.ones(cells)
    fall = ((count - place) / FADE).clamp(0, 1) if first + count < cells else torch.ones(cells)
    return rise * fall
