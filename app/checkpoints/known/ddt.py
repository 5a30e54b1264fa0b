"""DDT in the names of our own network."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

PATCH = 2  # every published model
STACKS = ("encoder_blocks.*", "decoder_blocks.*")
RULES = tuple(rule(f"{stack}.attn.qkv", *(f"{stack}.attn.to_{name}" for name in "qkv")) for stack in STACKS)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, values = shapes["s_embedder.weight"]
    return {
        "in_channels": values // PATCH**2,
        "patch_size": PATCH,
        "hidden_size": width,
        "num_attention_heads": width // shapes["decoder_blocks.0.attn.q_norm.weight"][0],
        "num_encoder_blocks": count(shapes, "encoder_blocks"),
        "num_decoder_blocks": count(shapes, "decoder_blocks"),
        "num_classes": shapes["y_embedder.weight"][0] - 1,
    }


DDT = Architecture(
    kind="transformer",
    name="ddt",
    model="DDTTransformer2DModel",
    layouts=(
        Layout("joined", ("s_embedder.weight", "decoder_blocks.0.attn.qkv.weight"), rules=rules),
        Layout(DIFFUSERS, ("s_embedder.weight", "decoder_blocks.0.attn.to_q.weight")),
    ),
    config=config,
)
