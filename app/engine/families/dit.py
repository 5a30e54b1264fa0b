"""DiT: picture tokens only, one condition of time and class for all; predicts noise, and a variance."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from app.engine.families.classes import asked, label_table
from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.prediction import ModelInput, NoisePrediction

PREDICTION = NoisePrediction()


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    adapted = PREDICTION.adapt(given)
    return {**asked(adapted), "time": given.time().fill_(PREDICTION.timestep(adapted.sigma))}


def denoised(given: ModelInput, output: Tensor) -> Tensor:
    return PREDICTION.denoised(given, output[:, : given.latent.shape[1]])


BLOCKS = Stack(
    path="blocks",
    inputs={"image": "x"},
    returns=("image",),
    attention={"attn": ("image", "image")},
    mlp=("mlp",),
)
DIT = Family(
    name="dit",
    transformer="ClassDiTTransformer2DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    denoised=denoised,
    latent=LatentFormat(autoencoder="kl-4", scale=0.18215),
    native_size=(256, 256),
    class_table=label_table,
)
