"""Put two latents beside each other, or one video after another."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import torch

from app.engine.latents.reshaping import AXES, along
from app.engine.media import Latent, shape_of
from app.graph.node import node
from app.graph.problem import Refusal

SIDES = {"right": "x", "left": "x", "below": "y", "above": "y", "after": "frames", "before": "frames"}


@node()
def concat_latents(
    first: Latent,
    second: Latent,
    side: Literal["right", "left", "below", "above", "after", "before"] = "right",
) -> Latent:
    """Put a latent beside another one, or the frames of one after those of another; masks are left out.

    Args:
        first: The latent that stays where it is.
        second: The latent that is added; one serves a whole batch.
        side: Where the second goes, seen from the first; "after" and "before" are for videos.
    """
    axis = AXES[SIDES[side]]
    along(first, SIDES[side])
    one, other = first.samples, second.samples.to(first.samples)
    if len(other) == 1:
        other = other.expand(len(one), *other.shape[1:])
    place = one.ndim + axis
    if first.family != second.family or beside(one.shape, place) != beside(other.shape, place):
        raise Refusal(
            f"The latents are {first.family} {shape_of(first.samples)} and {second.family} "
            f"{shape_of(second.samples)}; but for the side where they meet they must be alike.",
            "Bring the second one to the size of the first with Upscale latent or Cut latent.",
            code="shape_mismatch",
            input="second",
        )
    parts = (one, other) if side in ("right", "below", "after") else (other, one)
    return replace(first, samples=torch.cat(parts, dim=axis), mask=None)


def beside(shape: torch.Size, place: int) -> tuple[int, ...]:
    """Return a shape without one axis."""
    return (*shape[:place], *shape[place + 1 :])
