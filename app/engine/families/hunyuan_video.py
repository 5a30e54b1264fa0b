"""HunyuanVideo: double blocks, then single blocks, with the picture before the text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Cut, Family, LatentFormat, Rope, Stack
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    tokens = given.conditioning.tokens
    strength = torch.full_like(given.time(), 1000 * given.conditioning.embedded_guidance)
    return {
        "hidden_states": given.latent,
        "timestep": given.time(1000),
        "encoder_hidden_states": tokens,
        "encoder_attention_mask": torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device),
        "pooled_projections": given.conditioning.pooled,
        "guidance": strength if module.config.guidance_embeds else None,  # type: ignore[union-attr]
    }


def cutting(positions: str) -> Cut:
    """Return what cuts the argument `positions`; the mask goes, since every token counts."""

    def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
        return {positions: tuple(table[active] for table in arguments[positions]), "attention_mask": None}

    return cut


def stack(path: str, mlp: tuple[str, ...], positions: str) -> Stack:
    return Stack(
        path=path,
        inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
        returns=("image", "text"),
        attention={"attn": ("joint", "joint")},
        mlp=mlp,
        cut=cutting(positions),
    )


DOUBLE = stack("transformer_blocks", ("ff", "ff_context"), "freqs_cis")
SINGLE = stack("single_transformer_blocks", (), "image_rotary_emb")
HUNYUAN_VIDEO = Family(
    name="hunyuan-video",
    transformer="HunyuanVideoTransformer3DModel",
    stacks=(DOUBLE, SINGLE),
    arguments=arguments,
    latent=LatentFormat(frames=True, video_vae=True, autoencoder="hunyuan-video-16", scale=0.476986),
    order=("image", "text"),
    rope=Rope(lambda module: module.config.rope_axes_dim, theta=256.0),
    native_size=(1280, 720),
    shift=7.0,
)
