"""Wan: a video transformer, text through cross-attention.

Reference: Wan Team, Wan: Open and Advanced Large-Scale Video Generative Models (2025), https://arxiv.org/abs/2503.20314
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout
from app.graph.problem import Refusal

PATCH = (1, 2, 2)
MODULATION_PER_TOKEN = 4  # dimensions of `temb` where every token is modulated by itself


TEXT = 512  # tokens of a prompt; models that read vision tokens too find the prompt's by their number


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    named = {
        "hidden_states": given.with_beside,
        "timestep": given.token_time(PATCH, 1000),
        "encoder_hidden_states": given.conditioning.tokens,
    }
    if module.config.image_dim:  # type: ignore[union-attr]
        named |= {
            "encoder_hidden_states": filled(given.conditioning.tokens),
            "encoder_hidden_states_image": seen(module, given),
        }
    return named


def filled(tokens: Tensor) -> Tensor:
    """Return a prompt (B, L, D) with as many tokens as the models that see pictures were trained on."""
    if tokens.shape[1] > TEXT:
        raise Refusal(
            f"The prompt has {tokens.shape[1]} tokens; Wan models that see pictures take {TEXT}.",
            "Join fewer prompts.",
            code="token_mismatch",
            input="guider",
        )
    return torch.nn.functional.pad(tokens, (0, 0, 0, TEXT - tokens.shape[1]))


def seen(module: nn.Module, given: ModelInput) -> Tensor:
    """Return the vision tokens (B, N, D); of a model for two pictures those of both one after the other."""
    config: Any = module.config
    vision, count = given.conditioning.vision, 2 if config.pos_embed_seq_len else 1
    if vision is None or vision.shape[-1] != config.image_dim or vision.shape[1] % count:
        came = "none" if vision is None else f"{vision.shape[1]} of {vision.shape[-1]} numbers"
        raise Refusal(
            f"This Wan model reads tokens of {config.image_dim} numbers of a vision encoder, for "
            f"{count} picture{'s' * (count > 1)}; {came} came.",
            "Connect Encode CLIP vision to Image to video, for both prompts.",
            code="no_vision",
            input="guider",
        )
    rows = vision.expand(len(given.latent), -1, -1)
    return rows.reshape(len(rows) * count, -1, rows.shape[-1])


def given_frames(latent: Tensor, known: Tensor) -> Tensor:
    """Return which frames are given, four channels for the four to a latent frame, and the latent of them.

    The first latent frame stands for one frame of the video, which is said four times.
    """
    steps = torch.cat([known[:1].expand(4), known[1:]]).reshape(1, -1, 4, 1, 1).transpose(1, 2)
    return torch.cat([steps.expand(1, 4, *latent.shape[2:]).to(latent), latent], dim=1)


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    temb = arguments["temb"]
    return {
        "rotary_emb": tuple(table[:, active] for table in arguments["rotary_emb"]),
        "temb": temb[:, active] if temb.ndim == MODULATION_PER_TOKEN else temb,
    }


def taken(config: Any) -> int:
    """Return the channels that are the noisy latent: models that animate pictures take more."""
    channels: int = config.out_channels or config.in_channels
    return channels


def axis_widths(module: nn.Module) -> tuple[int, int, int]:
    """Rows and columns have a third of a head each, rounded down to pairs; frames have the rest."""
    width: int = module.config.attention_head_dim  # type: ignore[assignment, union-attr]
    side = 2 * (width // 6)
    return width - 2 * side, side, side


BLOCKS = Stack(
    path="blocks",
    inputs={"image": "hidden_states"},
    returns=("image",),
    attention={"attn1": ("image", "image"), "attn2": ("image", "text")},
    mlp=("ffn",),
    cut=cut,
)
WAN = Family(
    name="wan",
    transformer="WanTransformer3DModel",
    stacks=(BLOCKS,),
    rope=Rope(axis_widths),
    arguments=arguments,
    latent=LatentFormat(frames=True, video_vae=True, autoencoder="wan-16", taken=taken),
    prompting=Prompting(
        (TextTower("umt5-xxl", "tokenizer", "text_encoder", TEXT, padding="zeroed"),), tokens_of("umt5-xxl")
    ),
    native_size=(832, 480),
    shift=8.0,
    given_frames=given_frames,
    vision="clip-vision-1280",
)
WAN_TI2V = replace(
    WAN,
    name="wan-ti2v",
    latent=LatentFormat(downscale=16, patch=PATCH, frames=True, video_vae=True, autoencoder="wan2.2-48"),
    native_size=(1280, 704),
    given_frames=None,
    vision="",
    level_per_token=True,
    same_prompts="wan",
)
