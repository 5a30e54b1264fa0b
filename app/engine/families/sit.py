"""SiT: the network of DiT, trained to predict velocity on the straight path from noise to picture."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor

from app.engine.families.classes import from_noise_to_picture
from app.engine.families.dit import DIT
from app.engine.prediction import ModelInput, from_negated_velocity


def denoised(given: ModelInput, output: Tensor) -> Tensor:
    return from_negated_velocity(given, output[:, : given.latent.shape[1]])


SIT = replace(DIT, name="sit", arguments=from_noise_to_picture, denoised=denoised)
