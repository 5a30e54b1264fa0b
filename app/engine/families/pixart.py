"""PixArt: picture tokens only, text through cross-attention; predicts noise, and a variance nobody needs."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput, NoisePrediction

PREDICTION = NoisePrediction()


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    adapted = PREDICTION.adapt(given)
    step = PREDICTION.timestep(adapted.sigma)
    return {
        "hidden_states": adapted.latent,
        "timestep": given.time().fill_(step),
        "encoder_hidden_states": given.conditioning.tokens,
        "added_cond_kwargs": {"resolution": None, "aspect_ratio": None},
    }


def denoised(given: ModelInput, output: Tensor) -> Tensor:
    return PREDICTION.denoised(given, output[:, : given.latent.shape[1]])


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states"},
    returns=("image",),
    attention={"attn1": ("image", "image"), "attn2": ("image", "text")},
    mlp=("ff",),
)
PIXART = Family(
    name="pixart",
    transformer="PixArtTransformer2DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    denoised=denoised,
    latent=LatentFormat(autoencoder="kl-4", scale=0.13025),
    prompting=Prompting(
        (TextTower("t5-xxl", "tokenizer", "text_encoder", 300, padding="none"),), tokens_of("t5-xxl")
    ),
)
