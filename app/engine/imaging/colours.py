"""Colours: names, colour spaces, blending, and giving one picture the colours of another."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import PIL.ImageColor
import torch
from torch import Tensor

from app.graph.problem import Refusal

Blend = Literal[
    "normal", "add", "multiply", "screen", "overlay", "soft light", "difference", "lighten", "darken"
]
TO_XYZ = torch.tensor(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)  # linear sRGB to CIE XYZ, white D65 (IEC 61966-2-1)
WHITE = TO_XYZ.sum(dim=1)
CORNER, SLOPE = (
    (6 / 29) ** 3,
    (29 / 6) ** 2 / 3,
)  # where CIELAB's cube root becomes a line, and how steep it is


def colour_of(name: str, input: str = "color") -> Tensor:
    """Return a colour as (3,), 0..1: "#ff8000", "orange", "rgb(255, 128, 0)"; raises Refusal."""
    try:
        red, green, blue = PIL.ImageColor.getrgb(name.strip())[:3]
    except ValueError:
        raise Refusal(
            f"'{name}' is no colour.", "Write it like #ff8000 or orange.", code="bad_color", input=input
        ) from None
    return torch.tensor([red, green, blue], dtype=torch.float32) / 255


def to_lab(pixels: Tensor) -> Tensor:
    """(..., 3) sRGB 0..1 -> CIELAB, lightness 0..100."""
    linear = torch.where(pixels <= 0.04045, pixels / 12.92, ((pixels.clamp_min(0) + 0.055) / 1.055) ** 2.4)
    relative = linear @ TO_XYZ.T / WHITE
    x, y, z = torch.where(
        relative > CORNER, relative.clamp_min(CORNER) ** (1 / 3), SLOPE * relative + 4 / 29
    ).unbind(-1)
    return torch.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], dim=-1)


def from_lab(lab: Tensor) -> Tensor:
    """(..., 3) CIELAB -> sRGB, cut to 0..1."""
    lightness, green_red, blue_yellow = lab.unbind(-1)
    y = (lightness + 16) / 116
    roots = torch.stack([y + green_red / 500, y, y - blue_yellow / 200], dim=-1)
    relative = torch.where(roots > 6 / 29, roots**3, (roots - 4 / 29) / SLOPE)
    linear = (relative * WHITE) @ torch.linalg.inv(TO_XYZ).T
    curved = 1.055 * linear.clamp_min(1e-9) ** (1 / 2.4) - 0.055
    return torch.where(linear <= 0.0031308, linear * 12.92, curved).clamp(0, 1)


def with_statistics(values: Tensor, like: Tensor) -> Tensor:
    """(B, H, W, 3): give each channel the mean and spread that it has in `like`.

    Reference: Reinhard et al., Color Transfer between Images (2001), doi:10.1109/38.946629
    """
    mean, spread = values.mean(dim=(1, 2), keepdim=True), values.std(dim=(1, 2), keepdim=True)
    wanted, wanted_spread = like.mean(dim=(1, 2), keepdim=True), like.std(dim=(1, 2), keepdim=True)
    return (values - mean) * (wanted_spread / spread.clamp_min(1e-6)) + wanted


def with_covariance(values: Tensor, like: Tensor) -> Tensor:
    """(B, H, W, 3): give colours the mean and covariance of `like` by the linear map that moves them least.

    Reference: Pitie and Kokaram, The Linear Monge-Kantorovitch Linear Colour Mapping for Example-Based Colour
    Transfer (2007), doi:10.1049/cp:20070055
    """
    flat, wanted = values.flatten(1, 2).double(), like.flatten(1, 2).double()
    mean, wanted_mean = flat.mean(1, keepdim=True), wanted.mean(1, keepdim=True)
    root = matrix_power(covariance(flat), 0.5)
    back = matrix_power(covariance(flat), -0.5)
    map = back @ matrix_power(root @ covariance(wanted) @ root, 0.5) @ back
    return ((flat - mean) @ map + wanted_mean).float().reshape(values.shape)


def covariance(points: Tensor) -> Tensor:
    """(B, N, 3) -> (B, 3, 3); a little is added so that pictures of one colour have an inverse."""
    centred = points - points.mean(1, keepdim=True)
    return centred.mT @ centred / points.shape[1] + 1e-6 * torch.eye(3, dtype=points.dtype)


def matrix_power(matrix: Tensor, exponent: float) -> Tensor:
    """Raise symmetric matrices (B, 3, 3) without negative eigenvalues to a power."""
    values, vectors = torch.linalg.eigh(matrix)
    powers: Tensor = values.clamp_min(1e-12)[:, None] ** exponent
    raised: Tensor = (vectors * powers) @ vectors.mT
    return raised


def soft_light(below: Tensor, above: Tensor) -> Tensor:
    """Blend as W3C's `soft-light`: above grey lightens, below it darkens."""
    curve = torch.where(below <= 0.25, ((16 * below - 12) * below + 4) * below, below.clamp_min(0).sqrt())
    lighter = below + (2 * above - 1) * (curve - below)
    return torch.where(above <= 0.5, below - (1 - 2 * above) * below * (1 - below), lighter)


def overlaid(below: Tensor, above: Tensor) -> Tensor:
    return torch.where(below <= 0.5, 2 * below * above, 1 - 2 * (1 - below) * (1 - above))


BLENDS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "normal": lambda below, above: above,
    "add": lambda below, above: below + above,
    "multiply": lambda below, above: below * above,
    "screen": lambda below, above: 1 - (1 - below) * (1 - above),
    "overlay": overlaid,
    "soft light": soft_light,
    "difference": lambda below, above: (below - above).abs(),
    "lighten": torch.maximum,
    "darken": torch.minimum,
}
"""How a colour above changes the colour below: W3C, Compositing and Blending, https://www.w3.org/TR/compositing-1/"""
