"""Lumina 2: refiners for each stream, then blocks over text and picture in one sequence.

Its time runs from 0 (noise) to 1 (picture), so it is told 1 - sigma and its velocity points the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, Stack
from app.engine.prediction import ModelInput, from_negated_velocity
from app.engine.tokens import Layout, Stream


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
    arguments=arguments,
    denoised=from_negated_velocity,
)
