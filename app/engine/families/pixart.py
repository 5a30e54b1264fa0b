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
        "added_cond_kwargs": size_of(module, adapted.latent),
    }


def size_of(module: nn.Module, latent: Tensor) -> dict[str, Tensor | None]:
    """Tell the size of the picture to the models that want to know it: alpha for 1024 pixels."""
    if not module.config.use_additional_conditions:  # type: ignore[union-attr]
        return {"resolution": None, "aspect_ratio": None}
    height, width = (8 * cells for cells in latent.shape[-2:])
    sizes, aspect = latent.new_tensor([[height, width]]), latent.new_tensor([[height / width]])
    return {"resolution": sizes.expand(len(latent), -1), "aspect_ratio": aspect.expand(len(latent), -1)}


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
