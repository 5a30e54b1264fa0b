"""Turn pictures."""

from __future__ import annotations

import math
from typing import Annotated

import torch
from torch import Tensor
from torch.nn.functional import affine_grid, grid_sample

from app.engine.imaging.colours import colour_of
from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Color, Slider


@node(lane="pool")
def rotate_image(
    image: Image,
    angle: Annotated[float, Slider(-360.0, 360.0, step=1.0, unit="°")] = 90.0,
    color: Annotated[str, Color()] = "#000000",
) -> Image:
    """Turn pictures clockwise; they grow so that nothing is cut off.

    Args:
        image: The pictures.
        angle: How far; multiples of 90 keep every pixel as it is.
        color: What shows in the corners, such as #ff8000 or white.
    """
    turns, rest = divmod(angle, 90)
    if rest == 0:
        return Image(torch.rot90(image.pixels, -int(turns), dims=(1, 2)).contiguous())
    return Image(turned(image.pixels, math.radians(angle), colour_of(color)))


def turned(pixels: Tensor, angle: float, colour: Tensor) -> Tensor:
    """(B, H, W, 3) turned clockwise by `angle` (radians) in a frame that holds all of it."""
    batch, height, width, _ = pixels.shape
    cosine, sine = math.cos(angle), math.sin(angle)
    wide = math.ceil(abs(width * cosine) + abs(height * sine) - 1e-6)
    high = math.ceil(abs(width * sine) + abs(height * cosine) - 1e-6)
    back = torch.tensor(
        [
            [cosine * wide / width, sine * high / width, 0.0],
            [-sine * wide / height, cosine * high / height, 0.0],
        ]
    )
    grid = affine_grid(back.expand(batch, 2, 3), [batch, 1, high, wide], align_corners=False)
    layers = torch.cat([pixels, torch.ones_like(pixels[..., :1])], dim=-1).movedim(-1, 1)
    moved = grid_sample(layers, grid, mode="bilinear", align_corners=False).movedim(1, -1)
    return (moved[..., :3] + (1 - moved[..., 3:]) * colour).clamp(0, 1)
