"""Join two masks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import torch
from torch import Tensor

from app.engine.imaging.masks import for_batch, longer
from app.engine.media import Mask
from app.graph.node import node
from app.graph.widgets import Number

Place = Annotated[int, Number(-16384, 16384, unit="px")]


def both(rule: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """Return a rule of logic for values that count as inside from a half on."""
    return lambda one, other: rule(one.round().bool(), other.round().bool()).float()


RULES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "add": torch.add,
    "subtract": torch.sub,
    "multiply": torch.mul,
    "and": both(torch.logical_and),
    "or": both(torch.logical_or),
    "xor": both(torch.logical_xor),
}


@node(lane="pool")
def combine_masks(
    mask: Mask,
    other: Mask,
    operation: Literal["add", "subtract", "multiply", "and", "or", "xor"] = "add",
    x: Place = 0,
    y: Place = 0,
) -> Mask:
    """Join two masks to one that has the size of the first.

    Args:
        mask: The first mask.
        other: The second mask, at its own size; what lies outside of the first is cut off.
        operation: How; "multiply" keeps what is in both, the last three count from a half as inside.
        x: Left edge of the second mask.
        y: Upper edge of the second mask.
    """
    batch = longer(mask.coverage, other.coverage, "other")
    result = for_batch(mask.coverage, batch, "mask").clone()
    above = for_batch(other.coverage, batch, "other")
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + other.height, mask.height), min(x + other.width, mask.width)
    if top < bottom and left < right:
        part = above[:, top - y : bottom - y, left - x : right - x]
        here = result[:, top:bottom, left:right]
        result[:, top:bottom, left:right] = RULES[operation](here, part).clamp(0, 1)
    return Mask(result)
