"""Given frames of a video that is still to be made: as channels beside the latent, or held in it.

Reference: Wan Team, Wan: Open and Advanced Large-Scale Video Generative Models (2025), https://arxiv.org/abs/2503.20314
Reference: HaCohen et al., LTX-Video: Realtime Video Latent Diffusion (2024), https://arxiv.org/abs/2501.00103
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from app.engine.families import Family
from app.engine.families.family import GivenFrames
from app.engine.media import Image
from app.engine.resizing import resize
from app.engine.vae import Vae, nearest_size
from app.graph.problem import Refusal

GREY = 0.5


class Clip(NamedTuple):
    """The size of a video: frames a side in pixels, and how many there are."""

    width: int
    height: int
    length: int

    def fitting(self, family: Family) -> Clip:
        """Return the clip with as many frames as the family makes, at most `length`; refuses odd sizes."""
        form = family.latent
        width, height = self.width or family.native_size[0], self.height or family.native_size[1]
        nearest = nearest_size(width, height, form.multiple)
        if nearest != (width, height):
            raise Refusal(
                f"{width} x {height} does not suit {family.name}: it needs multiples of {form.multiple}.",
                f"The nearest size is {nearest[0]} x {nearest[1]}.",
                code="bad_size",
                input="width" if nearest[0] != width else "height",
            )
        groups = (self.length - 1) // form.frame_downscale
        return Clip(width, height, 1 + groups * form.frame_downscale)

    def fit(self, image: Image) -> Image:
        """Return pictures cut and resized to frames of the clip, as many as it has at most."""
        frames = Image(image.pixels[: self.length])
        return resize(frames, self.width, self.height, crop=True, method="bilinear")

    def cells(self, family: Family) -> tuple[int, int, int]:
        """Return (frames, rows, columns) of its latent."""
        form = family.latent
        frames = (self.length - 1) // form.frame_downscale + 1
        return frames, self.height // form.downscale, self.width // form.downscale


def framed(clip: Clip, start: Image | None, end: Image | None) -> tuple[Image, Tensor]:
    """Return a video that is grey where no frame is given, and which frames are, (F,) float."""
    pixels, known = torch.full((clip.length, clip.height, clip.width, 3), GREY), torch.zeros(clip.length)
    for image, place in ((start, "start"), (end, "end")):
        if image is None:
            continue
        given = clip.fit(image).pixels
        rows = slice(len(given)) if place == "start" else slice(clip.length - len(given), clip.length)
        pixels[rows], known[rows] = given, 1
    return Image(pixels), known


def animating(vae: Vae) -> GivenFrames:
    """Return what the family of an autoencoder makes of given frames; refuses one that takes none beside."""
    if vae.family.given_frames is None:
        raise Refusal(
            f"No {vae.family.name} model takes pictures beside the latent.",
            "Use Video latent from image for LTX-Video and Wan 2.2 5B, or the autoencoder of a model such as "
            "Wan 2.1.",
            code="family_mismatch",
            input="vae",
        )
    return vae.family.given_frames


def refuse_pictures_only(family: Family) -> None:
    """Refuse a family that makes no videos."""
    if not family.latent.frames:
        raise Refusal(
            f"{family.name} makes pictures, not videos.",
            "Connect the autoencoder of a video model such as LTX-Video.",
            code="family_mismatch",
            input="vae",
        )
