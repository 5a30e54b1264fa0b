"""Given frames of a video that is still to be made: as channels beside the latent, or held in it.

Reference: Wan Team, Wan: Open and Advanced Large-Scale Video Generative Models (2025), https://arxiv.org/abs/2503.20314
Reference: HaCohen et al., LTX-Video: Realtime Video Latent Diffusion (2024), https://arxiv.org/abs/2501.00103
"""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from app.engine.families import Family
from app.engine.imaging.resizing import resize
from app.engine.latents.vae import Vae, nearest_size
from app.engine.media import Image, Latent
from app.graph.problem import Refusal

GREY = 0.5


class Clip(NamedTuple):
    """The size of a video: frames a side in pixels, and how many there are."""

    width: int
    height: int
    length: int

    def fitting(self, family: Family) -> Clip:
        """Return the clip with as many frames as the family makes, at most `length`; refuses odd sizes."""
        refuse_pictures_only(family)
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
        return Clip(width, height, 1 + (self.length - 1) // form.frame_group * form.frame_group)

    def fit(self, image: Image) -> Image:
        """Return pictures cut and resized to frames of the clip, as many as it has at most."""
        frames = Image(image.pixels[: self.length])
        return resize(frames, self.width, self.height, crop=True, method="bilinear")

    def cells(self, family: Family) -> tuple[int, int, int]:
        """Return (frames, rows, columns) of its latent."""
        form = family.latent
        return form.latent_frames(self.length), self.height // form.downscale, self.width // form.downscale


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


def given(
    vae: Vae, clip: Clip, start: Image | None, end: Image | None, strength: float
) -> tuple[Latent, Tensor | None]:
    """Return the latent to sample, and what stands beside it for models that take given frames there.

    Raises:
        Refusal: There is no picture, or no model of the family takes one there.
    """
    if start is None and end is None:
        raise Refusal(
            "There is no picture to animate.",
            "Connect start_image, end_image or both; without pictures use Empty video latent.",
            code="missing",
            input="start_image",
        )
    if vae.family.given_frames is not None and vae.family.first_alone:
        if start is None or end is not None:
            raise unsuited(vae.family)
        samples, known = first_frame(vae, clip, start)
        return Latent(torch.zeros_like(samples), vae.family.name), vae.family.given_frames(samples, known)
    if vae.family.given_frames is not None:
        video, known = framed(clip, start, end)
        samples = vae.encode(video).samples
        return Latent(torch.zeros_like(samples), vae.family.name), vae.family.given_frames(samples, known)
    if not vae.family.level_per_token or start is None or end is not None:
        raise unsuited(vae.family)
    return held(vae, clip, start, strength), None


def first_frame(vae: Vae, clip: Clip, image: Image) -> tuple[Tensor, Tensor]:
    """Return the latent of a first picture, zeros for the rest, and which frames are given, (F,) float."""
    still = vae.encode(Image(clip.fit(image).pixels[:1])).samples
    cells = clip.cells(vae.family)
    samples, known = torch.zeros(1, still.shape[1], *cells), torch.zeros(cells[0])
    samples[:, :, : still.shape[2]], known[: still.shape[2]] = still, 1
    return samples, known


def held(vae: Vae, clip: Clip, image: Image, strength: float) -> Latent:
    """Return an empty latent whose first frames are given, and kept as strictly as `strength` (0..1) says."""
    frames = vae.encode(clip.fit(image)).samples
    cells = clip.cells(vae.family)
    samples, mask = torch.zeros(1, frames.shape[1], *cells), torch.ones(1, cells[0], 1, 1)
    samples[:, :, : frames.shape[2]] = frames
    mask[:, : frames.shape[2]] = 1 - strength
    return Latent(samples, vae.family.name, mask)


def unsuited(family: Family) -> Refusal:
    if family.level_per_token or family.first_alone:
        return Refusal(
            f"{family.name} begins with a picture; it takes none at the end.",
            "Connect start_image alone, or use a model of two frames such as Wan 2.1 or 2.2 14B.",
            code="unsupported",
            input="end_image",
        )
    return Refusal(
        f"Patchloom knows no {family.name} model that animates pictures.",
        "Use one of Wan, LTX-Video, CogVideoX or HunyuanVideo 1.5, or hold the first frame with Video latent "
        "from image.",
        code="family_mismatch",
        input="vae",
    )


def refuse_pictures_only(family: Family) -> None:
    """Refuse a family that makes no videos."""
    if not family.latent.frames:
        raise Refusal(
            f"{family.name} makes pictures, not videos.",
            "Connect the autoencoder of a video model such as LTX-Video.",
            code="family_mismatch",
            input="vae",
        )
