"""Bring pictures and masks to another size."""

from __future__ import annotations

import math
from typing import Literal, get_args

import numpy as np
import PIL.Image
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.media import Image, Mask
from app.graph.problem import Refusal

Method = Literal["bicubic", "lanczos", "bilinear", "area", "nearest"]
METHODS = get_args(Method)
LARGEST = 16384  # pixels along one side


def scaled(values: Tensor, width: int, height: int, method: Method) -> Tensor:
    """(B, C, H, W) at another size. Shrinking averages with every method but "nearest"."""
    if values.shape[-2:] == (height, width):
        return values
    match method:
        case "nearest":
            return interpolate(values, (height, width), mode="nearest-exact")
        case "area":
            return interpolate(values, (height, width), mode="area")
        case "lanczos":
            return lanczos(values, width, height)
    return interpolate(values, (height, width), mode=method, antialias=True).clamp(0, 1)


def lanczos(values: Tensor, width: int, height: int) -> Tensor:
    """Return values at another size by Pillow's Lanczos filter, which torch does not have."""
    planes = values.flatten(0, 1).numpy()
    resampling = PIL.Image.Resampling.LANCZOS
    resized = [np.asarray(PIL.Image.fromarray(plane).resize((width, height), resampling)) for plane in planes]
    stacked = torch.from_numpy(np.stack(resized)).clamp(0, 1)
    return stacked.reshape(*values.shape[:2], height, width)


def cut(values: Tensor, width: int, height: int) -> Tensor:
    """(B, C, H, W): the largest middle part with the proportions of width x height."""
    rows, columns = values.shape[-2:]
    scale = max(width / columns, height / rows)
    kept_rows, kept_columns = min(rows, round(height / scale)), min(columns, round(width / scale))
    top, left = (rows - kept_rows) // 2, (columns - kept_columns) // 2
    return values[..., top : top + kept_rows, left : left + kept_columns]


def resize(image: Image, width: int, height: int, *, crop: bool, method: Method = "bicubic") -> Image:
    """Return the pictures at another size; `crop` keeps proportions and cuts both sides evenly."""
    refuse_size(width, height)
    values = image.pixels.movedim(-1, 1)
    values = scaled(cut(values, width, height) if crop else values, width, height, method)
    return Image(values.movedim(1, -1).contiguous())


def resize_coverage(mask: Mask, width: int, height: int, method: Method = "bilinear") -> Mask:
    """Return the masks at another size."""
    refuse_size(width, height)
    return Mask(scaled(mask.coverage[:, None], width, height, method)[:, 0].contiguous())


def refuse_size(width: int, height: int) -> None:
    if not (1 <= width <= LARGEST and 1 <= height <= LARGEST):
        raise Refusal(
            f"The new size would be {width} x {height}; 1 to {LARGEST} pixels a side are allowed.",
            "Choose another size or scale.",
            code="bad_size",
        )


def proportional(image: Image | Mask, width: int, height: int) -> tuple[int, int]:
    """Return a size in which 0 for one side means: as the proportions want it; 0 for both: as it is."""
    if width == 0 and height == 0:
        return image.width, image.height
    if width == 0:
        return max(1, round(image.width * height / image.height)), height
    if height == 0:
        return width, max(1, round(image.height * width / image.width))
    return width, height


def size_of_area(image: Image | Mask, megapixels: float, multiple: int) -> tuple[int, int]:
    """Return the size with about `megapixels` (of 1024 x 1024), in the same proportions."""
    scale = math.sqrt(megapixels * 1024 * 1024 / (image.width * image.height))
    return rounded_to(image.width * scale, multiple), rounded_to(image.height * scale, multiple)


def rounded_to(side: float, multiple: int) -> int:
    """Return the nearest multiple, at least one."""
    return max(1, round(side / multiple)) * multiple
