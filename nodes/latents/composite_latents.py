"""Put a latent onto another one."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.imaging.masks import for_batch
from app.engine.latents.reshaping import form_of, resized
from app.engine.media import Latent, Mask
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number

Place = Annotated[int, Number(-16384, 16384, step=8, unit="px")]


@node()
def composite_latents(
    latent: Latent,
    overlay: Latent,
    mask: Mask | None = None,
    x: Place = 0,
    y: Place = 0,
    feather: Annotated[int, Number(0, 16384, step=8, unit="px")] = 0,
    resize_overlay: bool = False,
) -> Latent:
    """Put a latent onto another one, at a place or through a mask.

    Args:
        latent: The latent below.
        overlay: The latent above; what lies outside of the one below is cut off.
        mask: Where the upper one shows; brought to its size.
        x: Left edge of the upper one, rounded down to whole cells.
        y: Upper edge of the upper one, rounded down to whole cells.
        feather: How far its edges fade, where they do not lie on edges of the one below.
        resize_overlay: Whether the upper one gets the size of the one below first.
    """
    refuse_other(latent, overlay)
    side = form_of(latent).downscale
    rows, columns = latent.samples.shape[-2:]
    if resize_overlay:
        overlay = resized(overlay, rows, columns, "bilinear")
    above = for_batch(overlay.samples.to(latent.samples), len(latent.samples), "overlay")
    coverage = torch.ones(1, *above.shape[-2:])
    if mask is not None:
        size = (above.shape[-2], above.shape[-1])
        coverage = interpolate(mask.coverage[:, None], size, mode="bilinear", align_corners=False)[:, 0]
    top, left = y // side, x // side
    if feather >= side:
        coverage = coverage * faded(above.shape, (top, left), (rows, columns), feather // side)
    shape = (len(coverage), *[1] * (above.ndim - 3), *coverage.shape[1:])
    return replace(latent, samples=placed(latent.samples, above, coverage.reshape(shape), (top, left)))


def placed(below: Tensor, above: Tensor, coverage: Tensor, place: tuple[int, int]) -> Tensor:
    """Return `below` (..., h, w) with what fits of `above` at (row, column), where its coverage is 1."""
    top, left = place
    rows = slice(max(top, 0), min(top + above.shape[-2], below.shape[-2]))
    columns = slice(max(left, 0), min(left + above.shape[-1], below.shape[-1]))
    result = below.clone()
    if rows.start < rows.stop and columns.start < columns.stop:
        own = slice(rows.start - top, rows.stop - top), slice(columns.start - left, columns.stop - left)
        here = result[..., rows, columns]
        result[..., rows, columns] = torch.lerp(here, above[..., *own], coverage[..., *own].to(here))
    return result


def faded(shape: torch.Size, place: tuple[int, int], whole: tuple[int, int], feather: int) -> Tensor:
    """Return weights (1, h, w) that rise over `feather` cells from edges that lie inside the whole."""
    sides = []
    for length, start, end in zip(shape[-2:], place, whole, strict=True):
        cell = torch.arange(length)
        rise = ((cell + 1) / feather).clamp(max=1) if start > 0 else torch.ones(length)
        fall = ((length - cell) / feather).clamp(max=1) if start + length < end else torch.ones(length)
        sides.append(rise * fall)
    return (sides[0][:, None] * sides[1])[None]


def refuse_other(latent: Latent, overlay: Latent) -> None:
    below, above = latent.samples, overlay.samples
    if latent.family != overlay.family or below.shape[1:-2] != above.shape[1:-2]:
        raise Refusal(
            f"The latents are for {latent.family} and {overlay.family}, or differ in channels or frames.",
            "Use latents of one model, and for videos of the same length.",
            code="shape_mismatch",
            input="overlay",
        )
