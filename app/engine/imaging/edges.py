"""Find the edges of pictures."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from app.engine.imaging.filters import blur, gradients, to_grey

NEIGHBOURS = ((0, 1), (1, 1), (1, 0), (1, -1))  # (down, right) of an edge's slope, in steps of 45 degrees


def canny(pixels: Tensor, low: float, high: float) -> Tensor:
    """Mark thin edges: pixels whose slope is the steepest across the edge, and above two thresholds.

    Args:
        pixels: (B, H, W, 3), 0..1.
        low: Slope from which a pixel belongs to an edge that is steep elsewhere.
        high: Slope from which a pixel is an edge by itself.

    Returns:
        (B, H, W), 1 on an edge and 0 elsewhere.

    Reference: Canny, A Computational Approach to Edge Detection (1986), doi:10.1109/TPAMI.1986.4767851
    """
    right, down = gradients(blur(to_grey(pixels), 2, 1.0))
    slope = torch.hypot(right, down)
    thin = torch.where(steepest(slope, right, down), slope, 0.0)
    edges, possible = (thin >= high) & (thin > 0), (thin >= low) & (thin > 0)
    while True:
        grown = (max_pool2d(edges.float(), 3, stride=1, padding=1) > 0) & possible
        if torch.equal(grown, edges):
            return grown[:, 0].float()
        edges = grown


def steepest(slope: Tensor, right: Tensor, down: Tensor) -> Tensor:
    """Say for each pixel whether both neighbours in the direction of its slope are less steep.

    Of two equal neighbours one counts as steeper, so that an edge between two pixels is kept once.
    """
    turns = torch.round(torch.atan2(down, right) / (torch.pi / 4)).long() % 4
    rows, columns = slope.shape[-2:]
    padded = pad(slope, (1, 1, 1, 1))
    found = torch.zeros_like(slope, dtype=torch.bool)
    for turn, (y, x) in enumerate(NEIGHBOURS):
        ahead = padded[..., 1 + y : 1 + y + rows, 1 + x : 1 + x + columns]
        behind = padded[..., 1 - y : 1 - y + rows, 1 - x : 1 - x + columns]
        found |= (turns == turn) & (slope > behind + 1e-6) & (slope >= ahead - 1e-6)
    return found


def soft_edges(pixels: Tensor, width: float) -> Tensor:
    """Draw edges as wide, soft lines: the slope of the blurred picture, the steepest one of it being 1.

    Args:
        pixels: (B, H, W, 3), 0..1.
        width: Standard deviation (px) of the blur, and so about the width of the lines.

    Returns:
        (B, H, W), 0..1.
    """
    right, down = gradients(blur(to_grey(pixels), max(1, round(3 * width)), width))
    slope = torch.hypot(right, down)[:, 0]
    steepest_slope = slope.amax(dim=(1, 2), keepdim=True)
    return slope / steepest_slope.clamp_min(1e-3)
