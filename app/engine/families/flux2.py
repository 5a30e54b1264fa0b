"""Flux.2: Flux with one modulation for all blocks, and tokens at four coordinates."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import nn

from app.engine.families.chroma import SINGLE
from app.engine.families.family import Family, LatentFormat, Rope
from app.engine.families.flux import DOUBLE
from app.engine.families.packing import SIDE, from_packed_velocity, pack_with_references
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput

# What klein's text encoder was asked with: a chat in which it does not think aloud.
TEMPLATE = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
LENGTH = 512
# What dev's text encoder was asked with.
INSTRUCTED = (
    "[SYSTEM_PROMPT]You are an AI that reasons about image descriptions. You give structured responses "
    "focusing on object relationships, object\nattribution and actions without speculation.[/SYSTEM_PROMPT]"
    "[INST]{}[/INST]"
)
APART = 10  # between the picture and each reference, in time


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return what forward takes; a token stands at (time, row, column, place in the text)."""
    length = given.conditioning.tokens.shape[1]
    latents = (given.latent, *given.conditioning.references)
    strength = torch.full_like(given.time(), given.conditioning.embedded_guidance)
    return {
        "hidden_states": pack_with_references(given),
        "timestep": given.time(),
        "encoder_hidden_states": given.conditioning.tokens,
        "img_ids": torch.cat([places(latent, at * APART) for at, latent in enumerate(latents)]),
        "txt_ids": positions(1, 1, 1, length).to(given.latent.device),
        "guidance": strength if module.config.guidance_embeds else None,  # type: ignore[union-attr]
    }


def places(latent: torch.Tensor, time: int) -> torch.Tensor:
    """Return (time, row, column, 0) of each token of a picture, (N, 4)."""
    rows, columns = latent.shape[-2] // SIDE, latent.shape[-1] // SIDE
    grid = positions(1, rows, columns, 1).to(latent.device)
    return grid + torch.tensor([time, 0, 0, 0], device=latent.device)


def positions(*sizes: int) -> torch.Tensor:
    """Return every place of a grid, (places, axes)."""
    return torch.cartesian_prod(*(torch.arange(size) for size in sizes)).float()


def row_and_column(module: Any) -> tuple[int, ...]:
    widths: tuple[int, ...] = tuple(module.config.axes_dims_rope[:3])
    return widths


FLUX2 = Family(
    name="flux2",
    transformer="Flux2Transformer2DModel",
    stacks=(DOUBLE, SINGLE),
    arguments=arguments,
    denoised=from_packed_velocity,
    latent=LatentFormat(packed=True, autoencoder="flux2-32"),
    prompting=Prompting(
        (
            TextTower(
                "qwen3",
                "tokenizer",
                "text_encoder",
                LENGTH,
                padding="none",
                shown_filling=LENGTH,
                layers=(9, 18, 27),
                wrap=TEMPLATE.format,
            ),
        ),
        tokens_of("qwen3"),
    ),
    rope=Rope(row_and_column, theta=2000.0),
    shift=7.54,
    levels=10000,
    sees_references=True,
)
FLUX2_DEV = replace(
    FLUX2,
    name="flux2-dev",
    prompting=Prompting(
        (
            TextTower(
                "mistral3",
                "tokenizer",
                "text_encoder",
                LENGTH,
                padding="zeros first",
                layers=(10, 20, 30),
                wrap=INSTRUCTED.format,
            ),
        ),
        tokens_of("mistral3"),
    ),
)
