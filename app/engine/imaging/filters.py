"""Filters over pictures and masks: tensors (B, C, H, W) in, the same shape out."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, max_pool2d, pad

SOBEL = torch.tensor([[-1.0, 0.0, 1.0], [-2.0, 0.0, 2.0], [-1.0, 0.0, 1.0]])
LUMA = torch.tensor([0.299, 0.587, 0.114])  # ITU-R BT.601


def bell(radius: int, sigma: float) -> Tensor:
    """Return the (2 * radius + 1,) weights of a Gaussian; `sigma` in pixels, sum 1."""
    distance = torch.arange(-radius, radius + 1, dtype=torch.float32)
    weights = torch.exp(-(distance**2) / (2 * sigma**2))
    return weights / weights.sum()


def blur(values: Tensor, radius: int, sigma: float) -> Tensor:
    """Blur with a Gaussian of `sigma` pixels that ends at `radius` pixels; borders are mirrored."""
    radius = min(radius, min(values.shape[-2:]) - 1)
    if radius < 1:
        return values
    weights, channels = bell(radius, sigma), values.shape[1]
    padded = pad(values, (radius, radius, radius, radius), mode="reflect")
    across = conv2d(padded, weights.reshape(1, 1, 1, -1).repeat(channels, 1, 1, 1), groups=channels)
    return conv2d(across, weights.reshape(1, 1, -1, 1).repeat(channels, 1, 1, 1), groups=channels)


def gradients(grey: Tensor) -> tuple[Tensor, Tensor]:
    """(B, 1, H, W) -> its slopes to the right and downwards, by Sobel's filter, eight slopes added up."""
    padded = pad(grey, (1, 1, 1, 1), mode="replicate")
    return conv2d(padded, SOBEL[None, None]), conv2d(padded, SOBEL.T[None, None].contiguous())


def to_grey(pixels: Tensor) -> Tensor:
    """(B, H, W, 3) -> (B, 1, H, W)."""
    return (pixels @ LUMA)[:, None]


def spread(values: Tensor, reach: int, *, diamond: bool) -> Tensor:
    """Return the largest value within `reach` steps: along rows and columns, or also diagonally."""
    for _ in range(reach):
        across = max_pool2d(values, (1, 3), stride=1, padding=(0, 1))
        down = max_pool2d(values, (3, 1), stride=1, padding=(1, 0))
        diagonal = max_pool2d(values, 3, stride=1, padding=1)
        values = torch.maximum(across, down) if diamond else diagonal
    return values
