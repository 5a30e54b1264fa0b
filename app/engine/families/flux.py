"""Flux: double blocks with a stream each for picture and text, then single blocks over both."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.packing import from_packed_velocity, image_ids, pack_with_references, reference_ids
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return what forward takes; every text token sits at position 0."""
    return arguments_at(module, given, torch.zeros(given.conditioning.tokens.shape[1], 3))


def arguments_at(module: nn.Module, given: ModelInput, text_ids: Tensor) -> dict[str, Any]:
    """Return what forward takes, with the text tokens at the RoPE positions `text_ids` (L, 3)."""
    strength = given.conditioning.embedded_guidance
    embeds = module.config.guidance_embeds  # type: ignore[union-attr]
    return {
        "hidden_states": pack_with_references(given),
        "timestep": given.time(),
        "encoder_hidden_states": given.conditioning.tokens,
        "pooled_projections": given.conditioning.pooled,
        "img_ids": torch.cat([image_ids(given.latent), *reference_ids(given.conditioning.references)]),
        "txt_ids": text_ids.to(given.latent.device),
        "guidance": torch.full_like(given.time(), strength) if embeds else None,
    }


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    rows = layout.rows("joint", active)
    return {"image_rotary_emb": tuple(table[rows] for table in arguments["image_rotary_emb"])}


def taken(config: Any) -> int:
    """Return the channels of a token that are the noisy latent: models that fill or follow take more."""
    channels: int = config.out_channels or config.in_channels
    return channels


DOUBLE = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
    returns=("text", "image"),
    attention={"attn": ("joint", "joint")},
    mlp=("ff", "ff_context"),
    cut=cut,
)
SINGLE = Stack(
    path="single_transformer_blocks",
    inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
    returns=("text", "image"),
    attention={"attn": ("joint", "joint")},
    cut=cut,
)
FLUX = Family(
    name="flux",
    transformer="FluxTransformer2DModel",
    stacks=(DOUBLE, SINGLE),
    rope=Rope(lambda module: module.config.axes_dims_rope),
    arguments=arguments,
    denoised=from_packed_velocity,
    latent=LatentFormat(packed=True, scale=0.3611, shift=0.1159, taken=taken),
    shift=exp(1.15),
    levels=10_000,
    sees_references=True,
    prompting=Prompting(
        (
            TextTower("t5-xxl", "tokenizer_2", "text_encoder_2", 512),
            TextTower("clip-l", "tokenizer", "text_encoder", 77),
        ),
        tokens_of("t5-xxl", pooled_of="clip-l"),
    ),
)
