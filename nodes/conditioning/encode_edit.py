"""Encode a prompt about pictures, for Qwen-Image-Edit: its text encoder looks at them too.

Reference: Wu et al., Qwen-Image Technical Report (2025), https://arxiv.org/abs/2508.02324
"""

from __future__ import annotations

from typing import Annotated, Literal

from app.engine.conditioning import Conditioning
from app.engine.imaging.resizing import resize, size_of_area
from app.engine.latents.vae import Vae
from app.engine.media import Image
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.prompts.vision import encode_seeing
from app.graph.node import node
from app.graph.widgets import TextBox

Version = Literal["2509 and later", "first"]
SEEN = {"2509 and later": (384 / 1024) ** 2, "first": 1.0}  # megapixels that the text encoder is shown
COPIED = 1.0  # megapixels of the latent that the transformer looks at


@node()
def encode_edit(
    text_encoder: TextEncoder,
    images: list[Image] | None = None,
    vae: Vae | None = None,
    prompt: Annotated[str, TextBox()] = "",
    version: Version = "2509 and later",
) -> Conditioning:
    """Turn a prompt about pictures into a conditioning that knows what they show.

    Args:
        text_encoder: A Qwen2.5-VL with its vision tower.
        images: The pictures that the prompt speaks of, as Picture 1, Picture 2 and so on; of a batch the
            first one.
        vae: The model's autoencoder: then the transformer sees the pictures themselves, as Reference latent
            lets it, at about 1024 x 1024 pixels. Without it only the text encoder sees them.
        prompt: What should become of the pictures.
        version: Which Qwen-Image-Edit the prompt is for; the first one was trained with one picture, and the
            text encoder saw it larger and without a number.
    """
    pictures = [Image(image.pixels[:1]) for image in images or ()]
    numbered = version == "2509 and later"
    shown = [fitted(picture, SEEN[version], 1) for picture in pictures]
    conditioning = encode_seeing(text_encoder, prompt, shown, numbered=numbered)
    if vae is None:
        return conditioning
    multiple = vae.family.latent.multiple
    latents = (vae.encode(fitted(picture, COPIED, multiple)).samples for picture in pictures)
    return conditioning.each(references=tuple(latents))


def fitted(image: Image, megapixels: float, multiple: int) -> Image:
    """Return a picture with about as many pixels as asked for, in its own proportions."""
    return resize(image, *size_of_area(image, megapixels, multiple), crop=False, method="area")
