"""Lumina-Next: picture tokens only, text by gated cross-attention; positions turn rows and columns in turns.

Its time runs from 0 (noise) to 1 (picture), so it is told 1 - sigma and its velocity points the other way.
For pictures larger than those it was trained on, Rope scaling and Proportional attention do what its authors
do.

Reference: Zhuo et al., Lumina-Next (2024), https://arxiv.org/abs/2406.18583
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, lower_case, tokens_of
from app.engine.prediction import ModelInput, from_negated_velocity
from app.engine.tokens import Layout

THETA = 10000.0


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    tokens, patch = given.conditioning.tokens, module.patch_size
    rows, columns = (cells // patch for cells in given.latent.shape[-2:])  # type: ignore[operator]
    return {
        "hidden_states": given.latent,
        "timestep": 1 - given.time(),
        "encoder_hidden_states": tokens,
        "encoder_mask": torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device),
        "image_rotary_emb": turns(module.head_dim, rows, columns).to(tokens.device),  # type: ignore[arg-type]
        "cross_attention_kwargs": {},
    }


def turns(head: int, rows: int, columns: int) -> Tensor:
    """Return the complex factor of each pair of a head at each place, (rows, columns, head / 2)."""
    rates = THETA ** -(torch.arange(0, head // 2, 2).double() / (head // 2))
    down, across = (torch.outer(torch.arange(count), rates) for count in (rows, columns))
    angles = torch.stack(
        [down[:, None].expand(-1, columns, -1), across[None].expand(rows, -1, -1)], dim=-1
    ).flatten(2)
    return torch.polar(torch.ones_like(angles), angles).to(torch.complex64)


def denoised(given: ModelInput, output: Tensor) -> Tensor:
    """Return the denoised sample; the second half of the output is a variance nobody needs."""
    return from_negated_velocity(given, output[:, : given.latent.shape[1]])


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    """Cut the positions; all tokens count, so that one entry of the mask serves any number of keys."""
    return {
        "image_rotary_emb": arguments["image_rotary_emb"][:, active],
        "attention_mask": arguments["attention_mask"][:, :1],
    }


def widths(module: Any) -> tuple[int, int, int]:
    return 0, module.head_dim // 2, module.head_dim // 2


BLOCKS = Stack(
    path="layers",
    inputs={"image": "hidden_states"},
    returns=("image",),
    attention={"attn1": ("image", "image"), "attn2": ("image", "text")},
    mlp=("feed_forward",),
    cut=cut,
)
LUMINA_NEXT = Family(
    name="lumina-next",
    transformer="LuminaNextDiT2DModel",
    stacks=(BLOCKS,),
    rope=Rope(widths, interleaved=True, to_text=True),
    arguments=arguments,
    denoised=denoised,
    latent=LatentFormat(autoencoder="kl-4", scale=0.13025),
    prompting=Prompting(
        (
            TextTower(
                "gemma", "tokenizer", "text_encoder", 256, padding="none", layers_back=1, wrap=lower_case
            ),
        ),
        tokens_of("gemma"),
    ),
)
