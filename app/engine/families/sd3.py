"""Stable Diffusion 3: joint blocks with the picture before the text; some attend to the picture once more."""

from __future__ import annotations

from typing import Any

from torch import nn

from app.engine.families.family import Family, Stack
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
    order=("image", "text"),
)
