"""Flux.2: Flux with one modulation for all blocks, and tokens at four coordinates."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from app.engine.families.chroma import SINGLE
from app.engine.families.family import Family, LatentFormat, Rope
from app.engine.families.flux import DOUBLE
from app.engine.families.packing import SIDE, from_packed_velocity, pack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput

# What klein's text encoder was asked with: a chat in which it does not think aloud.
TEMPLATE = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
LENGTH = 512


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return what forward takes; a token stands at (time, row, column, place in the text)."""
    rows, columns, length = (
        given.latent.shape[-2] // SIDE,
        given.latent.shape[-1] // SIDE,
        given.conditioning.tokens.shape[1],
    )
    strength = torch.full_like(given.time(), given.conditioning.embedded_guidance)
    return {
        "hidden_states": pack(given.latent),
        "timestep": given.time(),
        "encoder_hidden_states": given.conditioning.tokens,
        "img_ids": positions(1, rows, columns, 1).to(given.latent.device),
        "txt_ids": positions(1, 1, 1, length).to(given.latent.device),
        "guidance": strength if module.config.guidance_embeds else None,  # type: ignore[union-attr]
    }


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
)
