"""The small autoencoder: f8, 8 channels, residual, without convolutions at full resolution or GroupNorm."""

from pathlib import Path
from typing import Any

import torch
from diffusers import AutoencoderDC
from torch import Tensor

Autoencoder = Any
"""An AutoencoderDC, whose class carries no types."""
WIDTHS = (16, 32, 32, 64)
BLOCKS = (0, 1, 1, 1)
LATENT_CHANNELS = 8


def make_autoencoder() -> Autoencoder:
    """Build an untrained autoencoder."""
    no_attention: tuple[tuple[int, ...], ...] = ((),) * len(WIDTHS)
    stock: Any = AutoencoderDC
    return stock(
        in_channels=3,
        latent_channels=LATENT_CHANNELS,
        attention_head_dim=32,
        encoder_block_types="ResBlock",
        decoder_block_types="ResBlock",
        encoder_block_out_channels=WIDTHS,
        decoder_block_out_channels=WIDTHS,
        encoder_layers_per_block=BLOCKS,
        decoder_layers_per_block=BLOCKS,
        encoder_qkv_multiscales=no_attention,
        decoder_qkv_multiscales=no_attention,
        upsample_block_type="pixel_shuffle",
        downsample_block_type="pixel_unshuffle",
        decoder_norm_types="rms_norm",
        decoder_act_fns="silu",
        scaling_factor=1.0,
    )


def load_autoencoder(folder: Path) -> Autoencoder:
    """Load a trained autoencoder in float32."""
    stock: Any = AutoencoderDC
    return stock.from_pretrained(folder, torch_dtype=torch.float32).eval()


@torch.inference_mode()
def encode(vae: Autoencoder, pixels: Tensor) -> Tensor:
    """Turn pixels (B, 3, H, W) in -1..1 into an unscaled latent (B, C, h, w)."""
    latent: Tensor = vae.encode(pixels.contiguous(memory_format=torch.channels_last)).latent
    return latent


@torch.inference_mode()
def decode(vae: Autoencoder, latent: Tensor) -> Tensor:
    """Turn an unscaled latent (B, C, h, w) into pixels (B, 3, H, W) in -1..1."""
    pixels: Tensor = vae.decode(latent).sample.clamp(-1, 1)
    return pixels


@torch.inference_mode()
def reconstruct(vae: Autoencoder, pixels: Tensor) -> Tensor:
    """Send pixels through the autoencoder and back."""
    return decode(vae, encode(vae, pixels))


def mean_psnr(first: Tensor, second: Tensor) -> float:
    """Return the mean over pictures of the peak signal-to-noise ratio (dB) of pixels in -1..1."""
    error = ((first - second) / 2).pow(2).mean((1, 2, 3))
    return float((-10 * error.log10()).mean())
