"""Make a mask of simple shapes, written as text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated

import torch
from torch import Tensor

from app.engine.media import Mask
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number, TextBox


@node(lane="pool")
def shape_mask(
    shapes: Annotated[str, TextBox()] = "circle 0.5 0.5 0.25",
    width: Annotated[int, Number(1, 16384, unit="px")] = 512,
    height: Annotated[int, Number(1, 16384, unit="px")] = 512,
) -> Mask:
    """Make a mask of circles, boxes and lines.

    Args:
        shapes: One shape a line: "circle x y radius", "box left top right bottom", "line x y x y width". x
            and y run from 0 to 1 over the picture; radius and width are parts of its shorter side.
        width: Width of the mask.
        height: Height of the mask.
    """
    shorter = min(width, height)
    y, x = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    distance = torch.full((height, width), float("inf"))
    for shape, numbers in lines_of(shapes):
        sides = [width, height] * 2 if shape in ("box", "line") else [width, height]
        pixels = [n * side for n, side in zip(numbers, [*sides, shorter], strict=False)]
        distance = torch.minimum(distance, SHAPES[shape][1](x, y, *pixels))
    return Mask((0.5 - distance).clamp(0, 1)[None])


def lines_of(shapes: str) -> Iterator[tuple[str, list[float]]]:
    """Read the shapes; raises Refusal for a line that is none."""
    for line in filter(str.strip, shapes.splitlines()):
        word, *rest = line.replace(",", " ").split()
        try:
            numbers = [float(number) for number in rest]
        except ValueError:
            numbers = []
        if word not in SHAPES or len(numbers) != SHAPES[word][0]:
            raise Refusal(
                f"'{line.strip()[:60]}' is no shape.",
                'Write "circle x y radius", "box left top right bottom" or "line x y x y width".',
                input="shapes",
            )
        yield word, numbers


def circle(x: Tensor, y: Tensor, *place: float) -> Tensor:
    """Return the distance (px) from the rim of a circle; negative is inside."""
    middle_x, middle_y, radius = place
    return torch.hypot(x - middle_x, y - middle_y) - radius


def box(x: Tensor, y: Tensor, *place: float) -> Tensor:
    """Return the distance (px) from the nearest side of a box; negative is inside."""
    left, top, right, bottom = place
    return torch.stack([left - x, x - right, top - y, y - bottom]).amax(0)


def line(x: Tensor, y: Tensor, *place: float) -> Tensor:
    """Return the distance (px) from the rim of a line with round ends; negative is inside."""
    start_x, start_y, end_x, end_y, width = place
    across, down = end_x - start_x, end_y - start_y
    along = ((x - start_x) * across + (y - start_y) * down) / max(across**2 + down**2, 1e-9)
    along = along.clamp(0, 1)
    return torch.hypot(x - start_x - along * across, y - start_y - along * down) - width / 2


SHAPES: dict[str, tuple[int, Callable[..., Tensor]]] = {
    "circle": (3, circle),
    "box": (4, box),
    "line": (5, line),
}
