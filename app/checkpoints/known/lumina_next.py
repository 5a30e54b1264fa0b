"""Lumina-Next as diffusers stores it."""

from __future__ import annotations

from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes

PATCH = 2


def config(shapes: Shapes) -> dict[str, Any]:
    width, inputs = shapes["patch_embedder.proj.weight"]
    heads = shapes["layers.0.gate"][0]
    hidden = shapes["layers.0.feed_forward.linear_1.weight"][0]
    channels = inputs // PATCH**2
    return {
        "patch_size": PATCH,
        "in_channels": channels,
        "hidden_size": width,
        "num_layers": count(shapes, "layers"),
        "num_attention_heads": heads,
        "num_kv_heads": shapes["layers.0.attn1.to_k.weight"][0] * heads // width,
        "multiple_of": hidden,
        "ffn_dim_multiplier": 3 * hidden / (8 * width),
        "learn_sigma": shapes["norm_out.linear_2.weight"][0] > inputs,
        "qk_norm": "layers.0.attn1.norm_q.weight" in shapes,
        "cross_attention_dim": shapes["layers.0.attn2.to_k.weight"][1],
    }


LUMINA_NEXT = Architecture(
    kind="transformer",
    name="lumina-next",
    model="LuminaNextDiT2DModel",
    layouts=(Layout(DIFFUSERS, ("layers.0.gate", "patch_embedder.proj.weight", "pad_token")),),
    config=config,
)
