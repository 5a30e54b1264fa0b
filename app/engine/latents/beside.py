"""What models that fill a hole or follow a picture take beside the noisy latent, as further channels.

Reference: Black Forest Labs, FLUX.1 Tools (Fill, Canny, Depth) (2024), https://github.com/black-forest-labs/flux
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import pixel_unshuffle

from app.engine.conditioning import Conditioning
from app.engine.media import shape_of
from app.engine.model import Model
from app.graph.problem import Refusal

VIDEO = "Put Image to video between the prompts and the guider, and sample the latent that it makes."


def fill_channels(masked: Tensor, mask: Tensor, downscale: int) -> Tensor:
    """Return what a model that fills takes: the latent of the picture with its hole, and where that is.

    Args:
        masked: Latent of the picture, grey where the hole is, (B, C, h, w).
        mask: 1 in the hole, (B, h * downscale, w * downscale).
        downscale: Pixels to a latent cell along each side: a cell has a channel for each pixel in it.

    Returns:
        (B, C + downscale ** 2, h, w).
    """
    return torch.cat([masked, pixel_unshuffle(mask[:, None], downscale).to(masked)], dim=1)


def suited(model: Model, conditioning: Conditioning, latent: Tensor) -> Conditioning:
    """Return a conditioning with what the model takes beside `latent`, and nothing where it takes nothing.

    A hole does not concern a model that takes no mask: the mask of the latent keeps what lies outside.

    Raises:
        Refusal: Something is missing beside the latent, is too much, or has another size.
    """
    wanted, given = model.beside, conditioning.beside
    if given is None:
        if wanted and not model.family.zero_beside:
            raise missing(model, wanted)
        return conditioning
    if not wanted and given.shape[1] > model.channels and latent.ndim == 4:
        return conditioning.each(beside=None)
    fits = given.shape[2:] == latent.shape[2:] and len(given) in (1, len(latent))
    if given.shape[1] != wanted or not fits:
        raise Refusal(
            f"The prompt brings {shape_of(given)} beside a latent of {shape_of(latent)}; "
            f"this {model.family.name} model takes {wanted or 'no'} channels there.",
            f"{remedy(model, wanted)} Let it be of the size and number of the pictures that are sampled.",
            code="beside_mismatch",
            input="guider",
        )
    if conditioning.references:
        raise Refusal(
            f"This {model.family.name} model takes a picture beside the latent, not references.",
            "Remove Reference latent, or use an editing model such as Flux Kontext.",
            code="no_references",
            input="guider",
        )
    return conditioning


def missing(model: Model, wanted: int) -> Refusal:
    return Refusal(
        f"This {model.family.name} model takes {wanted} channels beside the latent, "
        "and the prompt brings none.",
        remedy(model, wanted),
        code="beside_missing",
        input="guider",
    )


def remedy(model: Model, wanted: int) -> str:
    """Say which node brings what a model takes."""
    if model.family.latent.frames:
        return VIDEO if wanted else "Remove Image to video, or load an image to video model."
    if not wanted:
        return "Remove Control conditioning, or use a model such as Flux Canny or Depth."
    name = "Control conditioning" if wanted == model.channels else "Inpaint conditioning"
    return f"Put {name} between the prompts and the guider, for both of them."
