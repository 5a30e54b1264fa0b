"""From values at some tokens to a field over the whole grid, and back to the tokens that matter most.

Reference: Sun et al., Just-in-Time (2026), https://github.com/Wenhao-Sun77/Just-in-Time
"""

from __future__ import annotations

from math import ceil, prod

import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, pad

from app.engine.reuse.subset import Grid, mask_of

ROWS_AT_ONCE = 4096  # of the table of distances


def anchors(grid: Grid, count: int, seed: int = 0) -> Tensor:
    """Return `count` tokens spread over the grid, rising: every second row and column, and the border.

    What these are too few or too many is added or taken away at random.
    """
    frames, rows, columns = grid
    on_rows, on_columns = (evenly(size) for size in (rows, columns))
    lattice = (on_rows[:, None] & on_columns).expand(frames, rows, columns).flatten()
    order = torch.rand(prod(grid), generator=torch.Generator().manual_seed(seed)) + lattice
    return order.topk(count).indices.sort().values


def evenly(size: int) -> Tensor:
    """Return True for every second place and the last one, (size,)."""
    places = torch.arange(size)
    return (places % 2 == 0) | (places == size - 1)


def lift(values: Tensor, active: Tensor, density: float) -> Tensor:
    """Fill the tokens that are not `active`: from the nearest one that is, and blurred.

    Args:
        values: (B, c, frames, rows, columns); only what stands at `active` is used, and stays.
        active: (n,), indices into the grid.
        density: Share of the tokens that are active; the fewer, the wider the blur.
    """
    grid: Grid = (values.shape[2], values.shape[3], values.shape[4])
    filled = values.flatten(2)[:, :, active][:, :, nearest(grid, active)].reshape(values.shape)
    blurred = blur(filled, min(max(0.4 / density**0.5, 1.0), 10.0))
    return torch.where(mask_of(active, grid), values, blurred)


def nearest(grid: Grid, active: Tensor) -> Tensor:
    """Return for each token of the grid which of `active` is nearest, (N,); one of its own frame if any."""
    axes = [torch.arange(size, device=active.device, dtype=torch.float32) for size in grid]
    axes[0] = axes[0] * sum(grid)
    places = torch.cartesian_prod(*axes)
    found = [torch.cdist(some, places[active]).argmin(1) for some in torch.split(places, ROWS_AT_ONCE)]
    return torch.cat(found)


def blur(field: Tensor, sigma: float) -> Tensor:
    """Return the field smoothed over rows and columns by a Gaussian of `sigma` tokens; edges go on."""
    reach = ceil(3 * sigma)
    weights = torch.exp(-((torch.arange(-reach, reach + 1, device=field.device) / sigma) ** 2) / 2)
    weights = (weights / weights.sum()).to(field.dtype)
    batch, channels, frames, rows, columns = field.shape
    flat = field.transpose(1, 2).reshape(-1, 1, rows, columns)
    flat = conv2d(pad(flat, (0, 0, reach, reach), "replicate"), weights.view(1, 1, -1, 1))
    flat = conv2d(pad(flat, (reach, reach, 0, 0), "replicate"), weights.view(1, 1, 1, -1))
    return flat.reshape(batch, frames, channels, rows, columns).transpose(1, 2)


def local_variance(field: Tensor) -> Tensor:
    """Return how much the field varies in 3 x 3 tokens around each, (N,), mean over channels and batch."""
    batch, channels, frames, rows, columns = field.shape
    flat = field.float().transpose(1, 2).reshape(-1, channels, rows, columns)
    mean, square = (avg_pool2d(x, 3, 1, 1, count_include_pad=False) for x in (flat, flat.square()))
    return (square - mean.square()).reshape(batch, frames, channels, rows, columns).mean((0, 2)).flatten()
