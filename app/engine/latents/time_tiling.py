"""A video decoded in stretches of time that overlap, where all of its frames do not fit into memory.

A stretch begins with a latent frame that stands for one frame of the video, as the first of all does: what it
decodes to is left out where another stretch has it, and the rest is mixed with the stretch before.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from app.engine.families.family import LatentFormat
from app.engine.latents.tiling import stretches
from app.engine.media import Image, Latent

LEAST = 2  # latent frames of a stretch
Decode = Callable[[Latent], Image]


def decode_in_stretches(
    latent: Latent, form: LatentFormat, frames: int, overlap: int, decode: Decode
) -> Image:
    """Return the frames of a latent, decoded `frames` at once, `overlap` of them in common; 0 is all."""
    step, lead = form.frame_downscale, form.lead
    count = latent.samples.shape[2] - lead if latent.samples.ndim == 5 else 1
    side = max(LEAST, frames // step)
    if frames == 0 or count <= side:
        return decode(latent)
    common = max(1, min(side // 2, overlap // step))
    total, weights = None, torch.zeros(1 + (count - 1) * step)
    for stretch in stretches(count, side, common):
        frames_of_it = slice(stretch.start, stretch.stop + lead)  # which decoding leaves out again
        part = replace(latent, samples=latent.samples[:, :, frames_of_it], mask=None)
        pixels = decode(part).pixels.unflatten(0, (len(latent.samples), -1))  # type: ignore[no-untyped-call]
        skipped = int(stretch.start > 0)
        where = slice(stretch.start * step + skipped, (stretch.stop - 1) * step + 1)
        weight = fading(where, len(weights), (common - 1) * step)
        total = pixels.new_zeros(len(pixels), len(weights), *pixels.shape[2:]) if total is None else total
        total[:, where] += pixels[:, skipped:] * weight[:, None, None, None]
        weights[where] += weight
    assert total is not None
    return Image((total / weights[:, None, None, None]).flatten(0, 1))


def fading(where: slice, total: int, reach: int) -> Tensor:
    """Return the weights of frames: rising and falling over `reach` of them at ends inside the video."""
    place = torch.arange(where.start, where.stop) + 0.5
    if reach == 0:
        return torch.ones(len(place))
    rise = ((place - where.start) / reach).clamp(max=1) if where.start > 0 else torch.ones(len(place))
    fall = ((where.stop - place) / reach).clamp(max=1) if where.stop < total else torch.ones(len(place))
    return rise * fall
