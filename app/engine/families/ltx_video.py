"""LTX-Video: a video transformer over single latent cells, text through cross-attention."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput, from_velocity
from app.engine.tokens import Layout

FRAMES, PIXELS = 8, 32  # that a latent cell stands for, in time and along each side


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    frames, rows, columns = given.latent.shape[2:]
    return {
        "hidden_states": given.latent.flatten(2).transpose(1, 2),
        "encoder_hidden_states": given.conditioning.tokens,
        "timestep": given.token_time((1, 1, 1), 1000),
        "encoder_attention_mask": None,
        "num_frames": frames,
        "height": rows,
        "width": columns,
        "rope_interpolation_scale": (FRAMES / given.conditioning.frame_rate, PIXELS, PIXELS),
        "video_coords": places(given) if module.config.get("causal_temporal_positioning") else None,  # type: ignore[union-attr, operator]
    }


def places(given: ModelInput) -> Tensor:
    """Return (seconds, row, column) of each token, (B, 3, N), in pixels.

    Newer models count a latent frame by its last frame of the video, so that the first one, which stands for
    a single frame, does not last as long as the others.
    """
    frames, rows, columns = (
        torch.arange(size, device=given.latent.device) for size in given.latent.shape[2:]
    )
    seconds = (frames * FRAMES + 1 - FRAMES).clamp(min=0) / given.conditioning.frame_rate
    grid = torch.cartesian_prod(seconds, (rows * PIXELS).float(), (columns * PIXELS).float()).T
    return grid.expand(len(given.latent), -1, -1)


def denoised(given: ModelInput, output: Tensor) -> Tensor:
    return from_velocity(given, output.transpose(1, 2).reshape(given.latent.shape))


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    temb = arguments["temb"]
    return {
        "image_rotary_emb": tuple(table[:, active] for table in arguments["image_rotary_emb"]),
        "temb": temb[:, active] if temb.shape[1] > 1 else temb,
    }


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states"},
    returns=("image",),
    attention={"attn1": ("image", "image"), "attn2": ("image", "text")},
    mlp=("ff",),
    cut=cut,
)
LTX_VIDEO = Family(
    name="ltx-video",
    transformer="LTXVideoTransformer3DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    denoised=denoised,
    latent=LatentFormat(
        downscale=PIXELS,
        patch=(1, 1, 1),
        frames=True,
        frame_downscale=FRAMES,
        video_vae=True,
        autoencoder="ltx-video-128",
    ),
    prompting=Prompting(
        (TextTower("t5-xxl", "tokenizer", "text_encoder", 128, padding="none"),), tokens_of("t5-xxl")
    ),
    native_size=(768, 512),
    shift=exp(2.37),
    levels=10_000,
    level_per_token=True,
)
