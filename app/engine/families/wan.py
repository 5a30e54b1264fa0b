"""Wan: a video transformer, text through cross-attention."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout

MODULATION_PER_TOKEN = 4  # dimensions of `temb` where every token is modulated by itself


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    return {
        "hidden_states": given.latent,
        "timestep": given.time(1000),
        "encoder_hidden_states": given.conditioning.tokens,
    }


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    temb = arguments["temb"]
    return {
        "rotary_emb": tuple(table[:, active] for table in arguments["rotary_emb"]),
        "temb": temb[:, active] if temb.ndim == MODULATION_PER_TOKEN else temb,
    }


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
    latent=LatentFormat(frames=True, video_vae=True, autoencoder="wan-16"),
    prompting=Prompting(
        (TextTower("umt5-xxl", "tokenizer", "text_encoder", 512, padding="zeroed"),), tokens_of("umt5-xxl")
    ),
    native_size=(832, 480),
    shift=8.0,
)
