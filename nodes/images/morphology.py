"""Thicken, thin and outline what is bright in a picture.

Reference: Serra, Image Analysis and Mathematical Morphology (1982), Academic Press
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

from torch import Tensor
from torch.nn.functional import max_pool2d, pad

from app.engine.media import Image
from app.graph.node import node
from app.graph.widgets import Number

Operation = Literal["erode", "dilate", "open", "close", "gradient", "bottom hat", "top hat"]


def dilated(values: Tensor, size: int) -> Tensor:
    """Return the largest value in a square around each place of (B, C, H, W); beyond the edge is nothing."""
    before, after = size // 2, size - size // 2 - 1
    for axis in ((size, 1), (1, size)):  # a square is a row of columns, which is much quicker
        down, across = ((before, after) if side > 1 else (0, 0) for side in axis)
        values = max_pool2d(pad(values, (*across, *down), value=float("-inf")), axis, stride=1)
    return values


def eroded(values: Tensor, size: int) -> Tensor:
    return -dilated(-values, size)


def opened(values: Tensor, size: int) -> Tensor:
    return dilated(eroded(values, size), size)


def closed(values: Tensor, size: int) -> Tensor:
    return eroded(dilated(values, size), size)


OPERATIONS: dict[str, Callable[[Tensor, int], Tensor]] = {
    "erode": eroded,
    "dilate": dilated,
    "open": opened,
    "close": closed,
    "gradient": lambda values, size: dilated(values, size) - eroded(values, size),
    "bottom hat": lambda values, size: closed(values, size) - values,
    "top hat": lambda values, size: values - opened(values, size),
}


@node(lane="pool")
def morphology(
    image: Image,
    operation: Operation = "dilate",
    size: Annotated[int, Number(3, 999, unit="px")] = 3,
) -> Image:
    """Change shapes of each colour channel by its brightest or darkest value around a pixel.

    Args:
        image: The pictures.
        operation: "erode" thins what is bright, "dilate" thickens it, "open" removes bright specks, "close"
            dark ones, "gradient" outlines, the hats show what opening and closing remove.
        size: Side of the square around a pixel that counts.
    """
    values = image.pixels.movedim(-1, 1)
    return Image(OPERATIONS[operation](values, size).clamp(0, 1).movedim(1, -1).contiguous())
