"""Stable Diffusion 3: joint blocks with the picture before the text; some attend to the picture once more."""

from __future__ import annotations

from typing import Any

from torch import nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.families.prompts import Prompting, TextTower, side_by_side
from app.engine.prediction import ModelInput


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    return {
        "hidden_states": given.latent,
        "timestep": given.time(1000),
        "encoder_hidden_states": given.conditioning.tokens,
        "pooled_projections": given.conditioning.pooled,
    }


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
    returns=("text", "image"),
    attention={"attn": ("joint", "joint"), "attn2": ("image", "image")},
    mlp=("ff", "ff_context"),
)
SD3 = Family(
    name="sd3",
    transformer="SD3Transformer2DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    latent=LatentFormat(scale=1.5305, shift=0.0609),
    shift=3.0,
    order=("image", "text"),
    prompting=Prompting(
        (
            TextTower("clip-l", "tokenizer", "text_encoder", 77, layers_back=1),
            TextTower("clip-g", "tokenizer_2", "text_encoder_2", 77, layers_back=1),
            TextTower("t5-xxl", "tokenizer_3", "text_encoder_3", 256, needed=False),
        ),
        side_by_side,
    ),
)
