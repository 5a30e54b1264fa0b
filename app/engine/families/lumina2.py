"""Lumina 2: refiners for each stream, then blocks over text and picture in one sequence.

Its time runs from 0 (noise) to 1 (picture), so it is told 1 - sigma and its velocity points the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput, from_negated_velocity
from app.engine.tokens import Layout, Stream

PROMPT_START = " <Prompt Start> "
SYSTEM_PROMPT = (
    "You are an assistant designed to generate superior images with the superior degree of image-text "
    "alignment based on textual prompts or user prompts."
)


def with_system_prompt(text: str) -> str:
    """Put before a prompt what the model was trained with, unless it is there or nothing is asked for."""
    return text if not text or PROMPT_START.strip() in text else SYSTEM_PROMPT + PROMPT_START + text


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    tokens = given.conditioning.tokens
    return {
        "hidden_states": given.latent,
        "timestep": 1 - given.time(),
        "encoder_hidden_states": tokens,
        "encoder_attention_mask": torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device),
    }


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    return {"image_rotary_emb": arguments["image_rotary_emb"][:, layout.rows("joint", active)]}


def refiner(path: str, stream: Stream) -> Stack:
    return Stack(
        path=path,
        inputs={stream: "hidden_states"},
        returns=(stream,),
        attention={"attn": (stream, stream)},
        mlp=("feed_forward",),
        trunk=False,
    )


BLOCKS = Stack(
    path="layers",
    inputs={"joint": "hidden_states"},
    returns=("joint",),
    attention={"attn": ("joint", "joint")},
    mlp=("feed_forward",),
    cut=cut,
)
LUMINA2 = Family(
    name="lumina2",
    transformer="Lumina2Transformer2DModel",
    stacks=(refiner("context_refiner", "text"), refiner("noise_refiner", "image"), BLOCKS),
    rope=Rope(lambda module: module.config.axes_dim_rope),
    arguments=arguments,
    denoised=from_negated_velocity,
    latent=LatentFormat(scale=0.3611, shift=0.1159),
    shift=6.0,
    prompting=Prompting(
        (
            TextTower(
                "gemma2",
                "tokenizer",
                "text_encoder",
                256,
                padding="none",
                layers_back=1,
                wrap=with_system_prompt,
            ),
        ),
        tokens_of("gemma2"),
    ),
)
