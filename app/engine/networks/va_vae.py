"""VA-VAE: an autoencoder trained to keep what a vision encoder sees, with the statistics of its latents.

Reference: Yao et al., Reconstruction vs. Generation (2025), https://arxiv.org/abs/2501.01423
"""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.autoencoders.vae import DecoderOutput, EncoderOutput
from torch import Tensor


class AutoencoderVAVAE(AutoencoderKL):
    """The latent diffusion autoencoder; each channel of its latents gets mean 0 and spread 1."""

    def __init__(self, **config: Any) -> None:
        super().__init__(**config)
        shape = (1, self.config["latent_channels"], 1, 1)
        self.register_buffer("mean", torch.zeros(shape))
        self.register_buffer("spread", torch.ones(shape))

    def encode(self, pictures: Tensor) -> EncoderOutput:
        """(B, 3, H, W), -1..1 -> latents (B, C, H / 16, W / 16)."""
        return EncoderOutput(latent=(self.encode_raw(pictures) - self.mean) / self.spread)

    def encode_raw(self, pictures: Tensor) -> Tensor:
        raw: Tensor = super().encode(pictures).latent_dist.mode()
        return raw

    def decode(self, latents: Tensor) -> DecoderOutput:
        """Undo `encode`, as far as that can be."""
        drawn: DecoderOutput = super().decode(latents * self.spread + self.mean)
        return drawn
