"""LightningDiT as its authors store it."""

from __future__ import annotations

from typing import Any

from app.checkpoints.architecture import Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.dit import classes, heads, original


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, patch, _ = shapes["x_embedder.proj.weight"]
    norm = shapes.get("blocks.0.attn.q_norm.weight")
    return {
        "in_channels": channels,
        "patch_size": patch,
        "hidden_size": width,
        "num_attention_heads": width // norm[0] if norm else heads(width),
        "num_layers": count(shapes, "blocks"),
        "num_classes": classes(shapes),
        "qk_norm": norm is not None,
    }


LIGHTNING_DIT = Architecture(
    kind="transformer",
    name="lightning-dit",
    model="LightningDiTTransformer2DModel",
    layouts=(
        Layout(
            "original",
            (
                "x_embedder.proj.weight",
                "t_embedder.mlp.0.weight",
                "y_embedder.embedding_table.weight",
                "blocks.0.mlp.w12.weight",
                "final_layer.norm_final.weight",
            ),
            lacks=("s_embedder.proj.weight", "t_embedder.W"),
            rules=original,
            ignored=("pos_embed", "feat_rope."),
        ),
    ),
    config=config,
)
