"""Tiny random autoencoders of the video families, with the compression of the published ones."""

from collections.abc import Callable
from functools import cache
from typing import Any

import torch
from torch import nn

from app.engine.families import FAMILIES
from app.engine.latents.vae import Vae


def wan() -> nn.Module:
    from diffusers import AutoencoderKLWan

    return AutoencoderKLWan(base_dim=4)


def wan_ti2v() -> nn.Module:
    from diffusers import AutoencoderKLWan

    statistics = {"latents_mean": [0.1] * 48, "latents_std": [0.5] * 48}
    return AutoencoderKLWan(
        base_dim=4,
        decoder_base_dim=8,
        z_dim=48,
        is_residual=True,
        in_channels=12,
        out_channels=12,
        patch_size=2,
        scale_factor_spatial=16,
        **statistics,
    )


def ltx_video(**changes: Any) -> nn.Module:
    from diffusers import AutoencoderKLLTXVideo

    sizes: dict[str, Any] = {
        "latent_channels": 8,
        "block_out_channels": (4, 8, 8, 8),
        "decoder_block_out_channels": (4, 8, 8, 8),
        "layers_per_block": (1, 1, 1, 1, 1),
        "decoder_layers_per_block": (1, 1, 1, 1, 1),
    }
    return AutoencoderKLLTXVideo(**{**sizes, **changes})


def hunyuan_video(latent_channels: int = 4) -> nn.Module:
    from diffusers import AutoencoderKLHunyuanVideo

    return AutoencoderKLHunyuanVideo(
        latent_channels=latent_channels,
        block_out_channels=(32, 32, 32, 32),
        layers_per_block=1,
    )


def cogvideox(latent_channels: int = 4) -> nn.Module:
    from diffusers import AutoencoderKLCogVideoX

    return AutoencoderKLCogVideoX(
        latent_channels=latent_channels,
        block_out_channels=(32, 32, 32, 32),
        layers_per_block=1,
        norm_num_groups=32,
        scaling_factor=0.7,
    )


def hunyuan_video15() -> nn.Module:
    from diffusers import AutoencoderKLHunyuanVideo15

    widths = (8, 8, 16, 32, 32)
    return AutoencoderKLHunyuanVideo15(latent_channels=4, block_out_channels=widths, layers_per_block=1)


MODULES: dict[str, Callable[[], nn.Module]] = {
    "wan": wan,
    "wan-ti2v": wan_ti2v,
    "ltx-video": ltx_video,
    "hunyuan-video": hunyuan_video,
    "cogvideox": cogvideox,
    "cogvideox-1.5": cogvideox,
    "hunyuan-video-1.5": hunyuan_video15,
}


@cache
def vae(family: str) -> Vae:
    """Return the same handle every time: nothing may modify it."""
    torch.manual_seed(0)
    return Vae(
        MODULES[family]().eval().requires_grad_(False),
        next(known for known in FAMILIES if known.name == family),
    )
