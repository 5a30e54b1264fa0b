"""HunyuanVideo: double blocks, then single blocks, with the picture before the text.

Reference: Kong et al., HunyuanVideo: A Systematic Framework For Large Video Generative Models (2024),
https://arxiv.org/abs/2412.03603
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Cut, Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout

# What the model was trained to see around a prompt; the transformer does not see its first tokens.
TEMPLATE = (
    "<|start_header_id|>system<|end_header_id|>\n\nDescribe the video by detailing the following aspects: "
    "1. The main content and theme of the video."
    "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects."
    "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects."
    "4. background environment, light, style and atmosphere."
    "5. camera angles, movements, and transitions used in the video:<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\n{}<|eot_id|>"
)
DROPPED = 95
LAYERS_BACK = 2  # hidden states that it takes before the last one
PROMPTING = Prompting(
    (
        TextTower(
            "llama3",
            "tokenizer",
            "text_encoder",
            256 + DROPPED,
            padding="none",
            layers_back=LAYERS_BACK,
            wrap=TEMPLATE.format,
            drop=DROPPED,
        ),
        TextTower("clip-l", "tokenizer_2", "text_encoder_2", 77),
    ),
    tokens_of("llama3", pooled_of="clip-l"),
)


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
    prompting=PROMPTING,
    rope=Rope(lambda module: module.config.rope_axes_dim, theta=256.0),
    native_size=(1280, 720),
    shift=7.0,
)
