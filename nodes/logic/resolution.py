"""Choose a size by proportions and area."""

from __future__ import annotations

import math
from typing import Annotated, Literal, NamedTuple

from app.graph.node import node
from app.graph.widgets import Number

Proportions = Literal[
    "1:1", "3:2", "4:3", "16:9", "21:9", "2:1", "2:3", "3:4", "9:16", "9:21", "1:2", "5:4", "4:5"
]


class Size(NamedTuple):
    """Pixels."""

    width: int
    height: int


@node(lane="pool")
def resolution(
    proportions: Proportions = "1:1",
    megapixels: Annotated[float, Number(0.01, 64.0, step=0.1)] = 1.0,
    multiple: Annotated[int, Number(1, 256, unit="px")] = 16,
) -> Size:
    """Give the width and height of a picture with these proportions and about this area.

    Args:
        proportions: Width to height.
        megapixels: The area; 1 is 1024 x 1024.
        multiple: Both sides are rounded to a multiple of this.
    """
    across, down = map(int, proportions.split(":"))
    scale = math.sqrt(megapixels * 1024 * 1024 / (across * down))
    sides = (max(1, round(side * scale / multiple)) * multiple for side in (across, down))
    return Size(*sides)
