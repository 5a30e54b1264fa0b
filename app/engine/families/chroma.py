"""Chroma: Flux without a vector for the whole prompt and without a guidance input."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from app.engine.families.family import Stack
from app.engine.families.flux import DOUBLE, FLUX, cut
from app.engine.families.packing import image_ids, pack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    length = given.conditioning.tokens.shape[1]
    return {
        "hidden_states": pack(given.latent),
        "timestep": given.time(),
        "encoder_hidden_states": given.conditioning.tokens,
        "img_ids": image_ids(given.latent),
        "txt_ids": torch.zeros(length, 3, device=given.latent.device),
    }


SINGLE = Stack(
    path="single_transformer_blocks",
    inputs={"joint": "hidden_states"},
    returns=("joint",),
    attention={"attn": ("joint", "joint")},
    cut=cut,
)
CHROMA = replace(
    FLUX,
    name="chroma",
    transformer="ChromaTransformer2DModel",
    stacks=(DOUBLE, SINGLE),
    arguments=arguments,
    sees_references=False,
    prompting=Prompting(
        (TextTower("t5-xxl", "tokenizer", "text_encoder", 512, padding="none", shown_filling=1),),
        tokens_of("t5-xxl"),
    ),
)
