"""Latents cut, turned, resized and mixed; a mask on them goes along where it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.families import FAMILIES
from app.engine.families.family import LatentFormat
from app.engine.media import Latent, shape_of
from app.graph.problem import Refusal

AXES = {"x": -1, "y": -2, "frames": -3}
Method = Literal["nearest-exact", "bilinear", "bicubic", "area", "bislerp"]


def form_of(latent: Latent) -> LatentFormat:
    """Return how the family of a latent writes pictures."""
    return next(family.latent for family in FAMILIES if family.name == latent.family)


def cells(latent: Latent, pixels: int, input: str) -> int:
    """Return a length in pixels as latent cells; refuses lengths that are no whole tokens."""
    form = form_of(latent)
    if pixels % form.multiple:
        nearest = max(1, round(pixels / form.multiple)) * form.multiple
        raise Refusal(
            f"{pixels} pixels are no multiple of {form.multiple}, which {latent.family} works in.",
            f"The nearest length is {nearest}.",
            code="bad_size",
            input=input,
        )
    return pixels // form.downscale


def mapped(latent: Latent, change: Callable[[Tensor], Tensor]) -> Latent:
    """Return a latent whose samples, and whose mask brought to their size, went through `change`."""
    mask = latent.mask
    if mask is not None:
        size, still = (latent.samples.shape[-2], latent.samples.shape[-1]), mask.ndim == 3
        mask = interpolate(mask[:, None] if still else mask, size, mode="bilinear", align_corners=False)
        mask = change(mask)[:, 0] if still else change(mask)
    return replace(latent, samples=change(latent.samples), mask=mask)


def resized(latent: Latent, height: int, width: int, method: Method) -> Latent:
    """Return a latent of another size in cells; frames are resized one by one."""
    if (latent.samples.shape[-2], latent.samples.shape[-1]) == (height, width):
        return latent

    def change(samples: Tensor) -> Tensor:
        if samples.ndim == 4:
            return scale(samples, height, width, method)
        flat = samples.movedim(2, 1).flatten(0, 1)
        frames = scale(flat, height, width, method)
        return frames.reshape(len(samples), -1, *frames.shape[1:]).movedim(1, 2)

    return mapped(latent, change)


def scale(samples: Tensor, height: int, width: int, method: Method) -> Tensor:
    """Resize (B, C, h, w)."""
    if method == "bislerp":
        return bislerp(samples, height, width)
    smooth = {"align_corners": False} if method in ("bilinear", "bicubic") else {}
    return interpolate(samples, (height, width), mode=method, **smooth)


def bislerp(samples: Tensor, height: int, width: int) -> Tensor:
    """Resize with directions of cells turned along the arc between neighbours, and lengths blended.

    Blending cells that point different ways makes them shorter, and the picture flat; this does not.
    """
    lengths: Tensor = samples.pow(2).sum(1, keepdim=True).sqrt()
    directions = samples / lengths.clamp(min=1e-8)
    for axis, size in ((-2, height), (-1, width)):
        low, high, share = neighbours(samples.shape[axis], size, axis)
        low, high, share = low.to(samples.device), high.to(samples.device), share.to(samples)
        directions = slerp(directions.index_select(axis, low), directions.index_select(axis, high), share)
        lengths = torch.lerp(lengths.index_select(axis, low), lengths.index_select(axis, high), share)
    return directions * lengths


def neighbours(before: int, after: int, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return for each new cell the two old ones that it lies between, and how near it is to the second."""
    place = ((torch.arange(after) + 0.5) * before / after - 0.5).clamp(0, before - 1)
    low = place.floor().long()
    share = (place - low).reshape((-1, 1) if axis == -2 else (-1,))
    return low, (low + 1).clamp(max=before - 1), share


def slerp(one: Tensor, other: Tensor, share: Tensor) -> Tensor:
    """Turn unit vectors (B, C, h, w) along the arc between them; nearly equal ones are blended."""
    angle = (one * other).sum(1, keepdim=True).clamp(-1 + 1e-6, 1 - 1e-6).acos()
    turned = (torch.sin((1 - share) * angle) * one + torch.sin(share * angle) * other) / torch.sin(angle)
    return torch.where(angle < 1e-2, torch.lerp(one, other, share), turned)


def picked(latent: Latent, rows: slice) -> Latent:
    """Return some latents of a batch; they keep the masks and the noise that they have there."""
    mask = latent.mask if latent.mask is None or len(latent.mask) == 1 else latent.mask[rows]
    noise = (latent.noise_rows or tuple(range(len(latent.samples))))[rows]
    return replace(latent, samples=latent.samples[rows], mask=mask, noise_rows=noise)


def along(latent: Latent, axis: str) -> int:
    """Return how many cells a latent has along an axis of `AXES`; refuses frames where there are none."""
    if axis == "frames" and latent.samples.ndim == 4:
        raise Refusal(
            f"The latent is a picture {shape_of(latent.samples)} and has no frames.",
            "Connect the latent of a video model.",
            code="no_frames",
            input="axis",
        )
    return latent.samples.shape[AXES[axis]]


def alike(first: Latent, second: Latent) -> Tensor:
    """Return the samples of `second` for a mix with `first`; refuses other families and sizes."""
    if first.family != second.family or first.samples.shape[1:] != second.samples.shape[1:]:
        raise Refusal(
            f"The latents are {first.family} {shape_of(first.samples)} and {second.family} "
            f"{shape_of(second.samples)}; they must be alike.",
            "Bring the second one to the size of the first with Upscale latent.",
            code="shape_mismatch",
            input="second",
        )
    return second.samples.to(first.samples)
