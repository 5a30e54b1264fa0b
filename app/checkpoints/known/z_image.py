"""Z-Image as ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

STACKS = ("layers", "noise_refiner", "context_refiner")
RULES = (
    rule("final_layer", "all_final_layer.2-1"),
    rule("x_embedder", "all_x_embedder.2-1"),
    *(
        entry
        for stack in STACKS
        for entry in (
            rule(f"{stack}.*.attention.qkv", *(f"{stack}.*.attention.to_{name}" for name in "qkv")),
            rule(f"{stack}.*.attention.out", f"{stack}.*.attention.to_out.0"),
            rule(f"{stack}.*.attention.q_norm", f"{stack}.*.attention.norm_q"),
            rule(f"{stack}.*.attention.k_norm", f"{stack}.*.attention.norm_k"),
        )
    ),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, inputs = shapes["all_x_embedder.2-1.weight"]
    head = shapes["layers.0.attention.norm_q.weight"][0]
    return {
        "in_channels": inputs // 4,
        "dim": width,
        "n_layers": count(shapes, "layers"),
        "n_refiner_layers": count(shapes, "noise_refiner"),
        "n_heads": width // head,
        "n_kv_heads": width // head,
        "cap_feat_dim": shapes["cap_embedder.1.weight"][1],
        "axes_dims": [head // 4, head * 3 // 8, head * 3 // 8],
    }


Z_IMAGE = Architecture(
    kind="transformer",
    name="z-image",
    model="ZImageTransformer2DModel",
    layouts=(
        Layout(
            "original",
            ("layers.0.adaLN_modulation.0.weight", "layers.0.attention.qkv.weight", "x_pad_token"),
            rules=rules,
            ignored=("norm_final.",),
        ),
        Layout(
            DIFFUSERS,
            ("layers.0.adaLN_modulation.0.weight", "layers.0.attention.to_q.weight", "x_pad_token"),
            lacks=("siglip_pad_token",),
        ),
    ),
    config=config,
)
