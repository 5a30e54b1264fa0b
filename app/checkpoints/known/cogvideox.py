"""CogVideoX as diffusers stores it."""

from __future__ import annotations

from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes

HEAD = 64  # of every published model; shapes do not tell
SMALL = 1920  # width of the model of 2 billion numbers, which adds positions at its entrance
PATCH = 2


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, *_ = shapes["patch_embed.proj.weight"]
    return {
        "num_attention_heads": width // HEAD,
        "attention_head_dim": HEAD,
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // PATCH**2,
        "time_embed_dim": shapes["time_embedding.linear_1.weight"][0],
        "text_embed_dim": shapes["patch_embed.text_proj.weight"][1],
        "num_layers": count(shapes, "transformer_blocks"),
        "patch_bias": "patch_embed.proj.bias" in shapes,
        "use_rotary_positional_embeddings": width != SMALL,
    }


def variant(shapes: Shapes) -> str:
    width, channels, *patch = shapes["patch_embed.proj.weight"]
    if not patch:
        return "1.5"
    if channels != shapes["proj_out.weight"][0] // PATCH**2:
        return "image to video"
    return "2B" if width == SMALL else "5B"


COGVIDEOX = Architecture(
    kind="transformer",
    name="cogvideox",
    model="CogVideoXTransformer3DModel",
    layouts=(
        Layout(
            DIFFUSERS,
            (
                "patch_embed.text_proj.weight",
                "patch_embed.proj.weight",
                "transformer_blocks.0.norm1.linear.weight",
                "transformer_blocks.0.attn1.norm_q.weight",
                "norm_final.weight",
            ),
        ),
    ),
    config=config,
    variant=variant,
    unsupported={"1.5": "tokens of two frames", "image to video": "the picture's latent beside its own"},
)
