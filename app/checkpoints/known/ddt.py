"""DDT as its authors store it, with all blocks in one list, and in the names of our own network."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

PATCH = 2  # every published model
DECODER_BLOCKS = {28: 6}  # of so many blocks; 4 in the smaller models


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    """Return where each module goes: the last blocks are the decoder's."""
    total = count(names, "blocks")
    deep = total - DECODER_BLOCKS.get(total, 4)
    found = [rule(f"{name}_embedder.proj", f"{name}_embedder") for name in "xs"]
    found += [
        rule("y_embedder.embedding_table", "y_embedder"),
        rule("final_layer.adaLN_modulation.0", "final_layer.modulation"),
    ]
    for place in range(total):
        theirs = f"blocks.{place}"
        ours = f"encoder_blocks.{place}" if place < deep else f"decoder_blocks.{place - deep}"
        found += [
            rule(f"{theirs}.attn.qkv", *(f"{ours}.attn.to_{name}" for name in "qkv")),
            rule(f"{theirs}.adaLN_modulation.0", f"{ours}.modulation"),
            rule(theirs, ours),
        ]
    return tuple(found)


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
        Layout(
            "original",
            (
                "s_embedder.proj.weight",
                "y_embedder.embedding_table.weight",
                "blocks.0.mlp.w1.weight",
                "blocks.0.adaLN_modulation.0.weight",
            ),
            rules=rules,
        ),
        Layout(DIFFUSERS, ("s_embedder.weight", "decoder_blocks.0.attn.to_q.weight")),
    ),
    config=config,
)
