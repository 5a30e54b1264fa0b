"""Flux mini: the model that comes with Patchloom, Flux with text tokens at RoPE positions 1 .. L.

Its text encoders are too small to carry word order, so the transformer learns it from these positions;
without them "a red circle left of a blue square" loses which is which.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from app.engine.families.flux import FLUX, arguments_at
from app.engine.prediction import ModelInput


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    length = given.conditioning.tokens.shape[1]
    text_ids = torch.zeros(length, 3)
    text_ids[:, 0] = torch.arange(1, length + 1)
    return arguments_at(module, given, text_ids)


FLUX_MINI = replace(
    FLUX,
    name="flux-mini",
    arguments=arguments,
    latent=replace(FLUX.latent, autoencoder="dc-8"),
    native_size=(128, 128),
    shift=1.0,
    levels=1000,
)
