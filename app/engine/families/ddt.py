"""DDT: encoder blocks make a condition for every token, decoder blocks draw from it; classes, no text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.prediction import ModelInput, from_negated_velocity
from app.engine.tokens import Layout


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    return {
        "latent": given.latent,
        "time": 1 - given.time(),
        "label": given.conditioning.tokens[:, 0],
    }


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    condition = arguments["condition"]
    return {
        "rotary": arguments["rotary"][active],
        "condition": condition if condition.shape[1] == 1 else condition[:, active],
    }


ENCODER = Stack(
    path="encoder_blocks",
    inputs={"image": "x"},
    returns=("image",),
    attention={"attn": ("image", "image")},
    mlp=("mlp",),
    trunk=False,
    conditions=True,
    cut=cut,
)
DECODER = Stack(
    path="decoder_blocks",
    inputs={"image": "x"},
    returns=("image",),
    attention={"attn": ("image", "image")},
    mlp=("mlp",),
    cut=cut,
)
DDT = Family(
    name="ddt",
    transformer="DDTTransformer2DModel",
    stacks=(ENCODER, DECODER),
    arguments=arguments,
    denoised=from_negated_velocity,
    latent=LatentFormat(autoencoder="kl-4", scale=0.18215),
    native_size=(256, 256),
    class_table=lambda module: module.y_embedder.weight,
)
