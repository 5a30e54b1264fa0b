"""The DiT-DH of RAE as its authors store it: blocks of encoder and head in one list."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.dit import classes, heads
from app.checkpoints.rules import Rule, rule

HEAD_BLOCKS = 2  # in every published model
HEAD_WIDTH = 128  # of its heads, and there are 16; shapes do not tell


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    """Return where each block goes: the last ones make up the head."""
    deep = count(names, "blocks") - HEAD_BLOCKS
    found = []
    for place in range(deep + HEAD_BLOCKS):
        theirs = f"blocks.{place}"
        ours = f"encoder_blocks.{place}" if place < deep else f"decoder_blocks.{place - deep}"
        found += [
            rule(f"{theirs}.attn.qkv", *(f"{ours}.attn.to_{name}" for name in "qkv")),
            rule(theirs, ours),
        ]
    return tuple(found)


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, *_ = shapes["s_embedder.proj.weight"]
    wide = shapes["x_embedder.proj.weight"][0]
    norm = shapes.get("encoder_blocks.0.attn.q_norm.weight")
    return {
        "in_channels": channels,
        "hidden_size": (width, wide),
        "num_attention_heads": (width // norm[0] if norm else heads(width), wide // HEAD_WIDTH),
        "num_layers": (count(shapes, "encoder_blocks"), count(shapes, "decoder_blocks")),
        "num_classes": classes(shapes),
        "qk_norm": norm is not None,
    }


DIT_DH = Architecture(
    kind="transformer",
    name="dit-dh",
    model="DiTDHTransformer2DModel",
    layouts=(
        Layout(
            "original",
            ("s_embedder.proj.weight", "t_embedder.W", "y_embedder.embedding_table.weight"),
            rules=rules,
            ignored=("pos_embed", "enc_feat_rope.", "dec_feat_rope."),
        ),
    ),
    config=config,
)
