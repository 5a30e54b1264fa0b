"""Make an empty latent of a chosen picture size."""

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
def empty_latent(
    model: Model,
    width: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    height: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    batch_size: Annotated[int, Number(1, 64)] = 1,
) -> Latent:
    """Start from nothing: a latent for the sampler to fill.

    Args:
        model: The model that will sample it.
        width: Width of the picture; 0 for the width the model was trained for.
        height: Height of the picture; 0 for the height the model was trained for.
        batch_size: How many pictures to make at once.
    """
    width, height = width or model.native_size[0], height or model.native_size[1]
    form = model.family.latent
    fitting = nearest_size(width, height, form.multiple)
    if fitting != (width, height):
        raise Refusal(
            f"{width} x {height} does not suit {model.family.name}: it needs multiples of {form.multiple}.",
            f"The nearest size is {fitting[0]} x {fitting[1]}.",
            code="bad_size",
            input="width" if fitting[0] != width else "height",
        )
    frames = (1,) if form.frames else ()
    shape = (batch_size, model.channels, *frames, height // form.downscale, width // form.downscale)
    return Latent(torch.zeros(shape), model.family.name)
