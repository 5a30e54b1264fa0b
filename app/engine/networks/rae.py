"""RAE: what a vision encoder says of a picture as its latent, and a decoder trained to draw from that.

Reference: Zheng et al., Diffusion Transformers with Representation Autoencoders (2025),
    https://arxiv.org/abs/2510.11690
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_rae import AutoencoderRAE
from diffusers.models.autoencoders.vae import DecoderOutput, EncoderOutput
from torch import Tensor

from app.graph.problem import Refusal


class RepresentationAutoencoder(AutoencoderRAE):
    """The library's, for colours from -1 to 1; it works at the size that it was trained for, and no other."""

    def __init__(self, statistics: Sequence[int] = (1,), **config: Any) -> None:
        """Build the untrained network; `statistics` is the shape of mean and spread of its latents."""
        super().__init__(**config)
        self.register_to_config(latent_channels=self.config["encoder_hidden_size"])  # type: ignore[no-untyped-call]
        self.register_buffer("_latents_mean", torch.zeros(tuple(statistics)))
        self.register_buffer("_latents_std", torch.ones(tuple(statistics)))

    def encode(self, pictures: Tensor) -> EncoderOutput:
        """(B, 3, H, W), -1..1 -> latents (B, C, H / 16, W / 16)."""
        self.refuse_other_size(pictures, self.decoder_image_size, "picture")
        seen: EncoderOutput = super().encode(pictures / 2 + 0.5)
        return seen

    def decode(self, latents: Tensor) -> DecoderOutput:
        """Undo `encode`, as far as that can be."""
        self.refuse_other_size(latents, self.decoder_image_size // self.decoder_patch_size, "latent")
        return DecoderOutput(sample=super().decode(latents).sample * 2 - 1)

    def refuse_other_size(self, given: Tensor, side: int, what: str) -> None:
        height, width = given.shape[-2:]
        if (width, height) != (side, side):
            wanted = self.decoder_image_size
            raise Refusal(
                f"The {what} is {width} x {height}; this autoencoder needs {side} x {side}.",
                f"Make pictures of {wanted} x {wanted} pixels with it.",
                code="bad_size",
            )
