"""The autoencoder in tiles that overlap, for pictures whose whole does not fit into memory.

Neighbouring tiles are mixed over their overlap, so that no seam shows. A tile does not see beyond its edges,
which is the error that remains: the more overlap, the smaller it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import torch
from torch import Tensor

from app.engine.latents.vae import Vae, refuse_odd_size
from app.engine.media import Image, Latent
from app.engine.memory.thrift import OVERLAP, SHORT, TILE
from app.graph.problem import Refusal


def decode(vae: Vae, latent: Latent) -> Image:
    """Return the pictures of a latent, decoded at once, or in tiles where memory has run out in this run."""
    if not SHORT.is_set():
        return vae.decode(latent)
    return decode_tiled(vae, latent, *usual_tile(vae), lambda done, of: None)


def encode(vae: Vae, image: Image) -> Latent:
    """Return the latent of pictures, encoded at once, or in tiles where memory has run out in this run."""
    if not SHORT.is_set():
        return vae.encode(image)
    return encode_tiled(vae, image, *usual_tile(vae), lambda done, of: None)


def usual_tile(vae: Vae) -> tuple[int, int]:
    """Return side and overlap of tiles (cells) that nobody has chosen."""
    side = vae.family.latent.downscale
    return TILE // side, OVERLAP // side


def decode_tiled(
    vae: Vae, latent: Latent, tile: int, overlap: int, done: Callable[[int, int], None]
) -> Image:
    """Return the pictures of a latent, decoded in squares of `tile` cells that overlap by `overlap` cells.

    `done` is told after each tile how many of how many are finished.
    """
    side = vae.family.latent.downscale

    def decode(rows: slice, columns: slice) -> Tensor:
        part = replace(latent, samples=latent.samples[..., rows, columns], mask=None)
        return vae.decode(part).pixels.movedim(-1, 1)

    size = (latent.samples.shape[-2], latent.samples.shape[-1])
    pixels = tiled(size, (tile, overlap), decode, side, done)
    return Image(pixels.movedim(1, -1))


def encode_tiled(vae: Vae, image: Image, tile: int, overlap: int, done: Callable[[int, int], None]) -> Latent:
    """Return the latent of pictures, encoded in squares of `tile` cells that overlap by `overlap` cells."""
    refuse_odd_size(image, vae.family)
    side = vae.family.latent.downscale

    def encode(rows: slice, columns: slice) -> Tensor:
        down, across = (slice(part.start * side, part.stop * side) for part in (rows, columns))
        return vae.encode(Image(image.pixels[:, down, across])).samples

    size = (image.height // side, image.width // side)
    return Latent(tiled(size, (tile, overlap), encode, 1, done), vae.family.name)


def tiled(
    size: tuple[int, int],
    tile: tuple[int, int],
    compute: Callable[[slice, slice], Tensor],
    scale: int,
    done: Callable[[int, int], None],
) -> Tensor:
    """Return what `compute` makes of all tiles, mixed.

    Args:
        size: (rows, columns) of the whole.
        tile: (side, overlap) of a tile.
        compute: (rows, columns) -> (..., rows * scale, columns * scale).
        scale: Results to a cell, along each side.
        done: Told after each tile how many of how many are finished.
    """
    side, overlap = tile
    grid = [
        (rows, columns)
        for rows in stretches(size[0], side, overlap)
        for columns in stretches(size[1], side, overlap)
    ]
    total = weights = None
    for number, (rows, columns) in enumerate(grid, 1):
        part = compute(rows, columns)
        down, across = (slice(x.start * scale, x.stop * scale) for x in (rows, columns))
        weight = ramp(rows, size[0], overlap, scale)[:, None] * ramp(columns, size[1], overlap, scale)
        if total is None or weights is None:
            total = part.new_zeros(*part.shape[:-2], size[0] * scale, size[1] * scale)
            weights = torch.zeros(total.shape[-2:])
        total[..., down, across] += part * weight
        weights[down, across] += weight
        done(number, len(grid))
    assert total is not None and weights is not None
    return total / weights


def stretches(length: int, side: int, overlap: int) -> Iterator[slice]:
    """Yield stretches of at most `side` that cover `length`, the last one moved back to its end."""
    if length <= side:
        yield slice(0, length)
        return
    stride = side - overlap
    for start in range(0, length - overlap, stride):
        first = min(start, length - side)
        yield slice(first, first + side)


def ramp(stretch: slice, length: int, overlap: int, scale: int) -> Tensor:
    """Return the weights along a stretch: rising and falling over the overlaps that it has."""
    count = (stretch.stop - stretch.start) * scale
    place = torch.arange(count) + 0.5
    reach = max(1, overlap * scale)
    rise = (place / reach).clamp(max=1) if stretch.start > 0 else torch.ones(count)
    fall = ((count - place) / reach).clamp(max=1) if stretch.stop < length else torch.ones(count)
    return rise * fall


def refuse_overlap(tile: int, overlap: int) -> None:
    """Refuse tiles (pixels a side) that overlap by more than their half: three would lie on one place."""
    if overlap * 2 > tile:
        raise Refusal(
            f"Tiles of {tile} pixels cannot overlap by {overlap}.",
            f"Choose {tile // 2} at most.",
            code="bad_overlap",
            input="overlap",
        )
