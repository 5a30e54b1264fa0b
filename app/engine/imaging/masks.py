"""Bring masks and pictures together."""

from __future__ import annotations

import torch
from torch import Tensor

from app.engine.imaging.resizing import resize_coverage
from app.engine.media import Image, Mask
from app.graph.problem import Refusal


def fitted(mask: Mask, width: int, height: int, batch: int) -> Tensor:
    """Return the coverage (B, H, W) of a mask for pictures of this size and number.

    A mask of another size is resized. One mask serves all pictures; another number of masks is refused.
    """
    return for_batch(resize_coverage(mask, width, height).coverage, batch, "mask")


def for_batch(values: Tensor, batch: int, name: str) -> Tensor:
    """Return (B, ...) with `batch` entries; a single one serves all; raises Refusal for other numbers."""
    if len(values) in (batch, 1):
        return values.expand(batch, *values.shape[1:])
    raise Refusal(
        f"{name} has {len(values)} entries, and {batch} are needed.",
        f"Use one, or {batch}.",
        code="batch_mismatch",
        input=name,
    )


def for_frames(coverage: Tensor, frames: int, downscale: int, lead: int = 0) -> Tensor:
    """Return (1, F, H, W), a mask for each frame of a latent, made of one for each frame of the video.

    Args:
        coverage: (frames of the video, H, W), or one mask for all.
        frames: F, those of the latent.
        downscale: Frames of the video to one of the latent; the first frame has one of its own.
        lead: Copies of the first frame that the latent begins with.

    Raises:
        Refusal: There are as many masks as neither the video nor the latent has frames.
    """
    if len(coverage) in (frames, 1):
        return coverage.expand(frames, -1, -1)[None]
    groups = frames - 1 - lead
    whole = for_batch(coverage, groups * downscale + 1, "mask")
    later = whole[1:].unflatten(0, (groups, downscale)).amax(1)  # type: ignore[no-untyped-call]
    return torch.cat([whole[:1].expand(1 + lead, -1, -1), later])[None]


def longer(one: Tensor, other: Tensor, name: str) -> int:
    """Return the batch size of two values of which one may serve the whole batch of the other."""
    return len(other) if len(one) == 1 else len(for_batch(other, len(one), name))


def place(below: Tensor, above: Tensor, coverage: Tensor, x: int, y: int) -> Tensor:
    """Lay (B, H, W, C) `above` over `below`, its corner at (x, y), as `coverage` (B, H, W) lets it."""
    result = below.clone()
    rows, columns = below.shape[1:3]
    top, left = max(y, 0), max(x, 0)
    bottom, right = min(y + above.shape[1], rows), min(x + above.shape[2], columns)
    if top >= bottom or left >= right:
        return result
    inside = (slice(None), slice(top - y, bottom - y), slice(left - x, right - x))
    part = coverage[inside][..., None]
    target = result[:, top:bottom, left:right]
    result[:, top:bottom, left:right] = torch.lerp(target, above[inside], part)
    return result


def refuse_outside(image: Image | Mask, x: int, y: int) -> None:
    """Refuse a corner that does not lie on the picture."""
    if not (0 <= x < image.width and 0 <= y < image.height):
        raise Refusal(
            f"The corner ({x}, {y}) lies outside of {image.width} x {image.height}.",
            "Choose a corner inside.",
            code="outside",
            input="x" if not 0 <= x < image.width else "y",
        )
