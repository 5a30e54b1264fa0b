"""Lay a transparent picture over another by the rules of Porter and Duff, and some blends.

Reference: Porter and Duff, Compositing Digital Images (1984), https://doi.org/10.1145/964965.808606
Reference: W3C, Compositing and Blending Level 1 (2015), https://www.w3.org/TR/compositing-1/
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.imaging.masks import for_batch
from app.engine.imaging.resizing import resize
from app.engine.media import Image, Mask
from app.graph.node import node

Rule = Literal[
    "over",
    "below",
    "in",
    "below in",
    "out",
    "below out",
    "atop",
    "below atop",
    "xor",
    "source",
    "destination",
    "clear",
    "add",
    "darken",
    "lighten",
    "multiply",
    "screen",
    "overlay",
]
Share = Callable[[Tensor, Tensor], Tensor]
ALL: Share = lambda own, other: torch.ones_like(own)  # noqa: E731
NONE: Share = lambda own, other: torch.zeros_like(own)  # noqa: E731
INSIDE: Share = lambda own, other: other  # noqa: E731
OUTSIDE: Share = lambda own, other: 1 - other  # noqa: E731
SHARES: dict[str, tuple[Share, Share]] = {  # rule -> what is kept of the upper picture, and of the lower
    "over": (ALL, OUTSIDE),
    "below": (OUTSIDE, ALL),
    "in": (INSIDE, NONE),
    "below in": (NONE, INSIDE),
    "out": (OUTSIDE, NONE),
    "below out": (NONE, OUTSIDE),
    "atop": (INSIDE, OUTSIDE),
    "below atop": (OUTSIDE, INSIDE),
    "xor": (OUTSIDE, OUTSIDE),
    "source": (ALL, NONE),
    "destination": (NONE, ALL),
    "clear": (NONE, NONE),
    "add": (ALL, ALL),
}


class Composite(NamedTuple):
    """The picture, and where it is transparent."""

    image: Image
    mask: Mask


@node(lane="pool", title="Porter-Duff composite")
def porter_duff_composite(
    source: Image, source_mask: Mask, destination: Image, destination_mask: Mask, rule: Rule = "over"
) -> Composite:
    """Combine two transparent pictures; the upper one gets the size of the lower.

    Args:
        source: The picture above.
        source_mask: Where it is transparent.
        destination: The picture below.
        destination_mask: Where that is transparent.
        rule: "over" is usual, "below" the other way round; "in" keeps what lies inside of the other picture's
            shape, "out" what lies outside, "atop" both shapes' overlap on the lower picture; the rest blend.
    """
    batch = min(len(source.pixels), len(destination.pixels))
    size = (destination.height, destination.width)
    above = for_batch(resize(source, size[1], size[0], crop=True).pixels, batch, "source")
    below = for_batch(destination.pixels, batch, "destination")
    alpha, under = (
        1 - for_batch(fitted(mask, size), batch, name)
        for mask, name in ((source_mask, "source_mask"), (destination_mask, "destination_mask"))
    )
    colours, shape = combined(above * alpha, alpha, below * under, under, rule)
    pixels = torch.where(shape > 1e-5, colours / shape.clamp(min=1e-5), torch.zeros_like(colours))
    return Composite(Image(pixels.clamp(0, 1)), Mask((1 - shape[..., 0]).clamp(0, 1)))


def fitted(mask: Mask, size: tuple[int, int]) -> Tensor:
    """Return a mask as (B, H, W, 1)."""
    resized = interpolate(mask.coverage[:, None], size, mode="bilinear", align_corners=False)
    return resized.movedim(1, -1)


def combined(above: Tensor, alpha: Tensor, below: Tensor, under: Tensor, rule: str) -> tuple[Tensor, Tensor]:
    """Return (colours, alpha), both already multiplied by alpha, as the given ones are."""
    if rule in SHARES:
        upper, lower = SHARES[rule]
        kept, left = upper(alpha, under), lower(under, alpha)
        return (above * kept + below * left).clamp(0, 1), (alpha * kept + under * left).clamp(0, 1)
    if rule == "multiply":
        return above * below, alpha * under
    union, apart = alpha + under - alpha * under, (1 - under) * above + (1 - alpha) * below
    match rule:
        case "darken":
            return apart + torch.minimum(above, below), union
        case "lighten":
            return apart + torch.maximum(above, below), union
        case "screen":
            return above + below - above * below, union
    dark, light = 2 * above * below, alpha * under - 2 * (under - below) * (alpha - above)
    return apart + torch.where(2 * below < under, dark, light), union
