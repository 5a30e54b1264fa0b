"""Make an empty latent for a video."""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.latents.vae import nearest_size
from app.engine.media import Latent
from app.engine.model import Model
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


@node()
def empty_video_latent(
    model: Model,
    width: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    height: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    length: Annotated[int, Number(1, 4096, step=4, unit="frames")] = 81,
    batch_size: Annotated[int, Number(1, 64)] = 1,
) -> Latent:
    """Start from nothing: a latent for the sampler to fill with a video.

    Args:
        model: The video model that will sample it.
        width: Width of the frames; 0 for the width the model was trained for.
        height: Height of the frames; 0 for the height the model was trained for.
        length: Frames of the video: 1 more than a multiple of 4 for most models, of 8 for LTX-Video and
            CogVideoX 1.5; other lengths are cut to that.
        batch_size: How many videos to make at once.
    """
    family, form = model.family, model.family.latent
    if not form.frames:
        raise Refusal(
            f"{family.name} makes pictures, not videos.",
            "Use Empty latent, or load a video model such as Wan.",
            code="family_mismatch",
            input="model",
        )
    width, height = width or model.native_size[0], height or model.native_size[1]
    fitting = nearest_size(width, height, form.multiple)
    if fitting != (width, height):
        raise Refusal(
            f"{width} x {height} does not suit {family.name}: it needs multiples of {form.multiple}.",
            f"The nearest size is {fitting[0]} x {fitting[1]}.",
            code="bad_size",
            input="width" if fitting[0] != width else "height",
        )
    cells = form.latent_frames(length), height // form.downscale, width // form.downscale
    return Latent(torch.zeros(batch_size, model.channels, *cells), family.name)
