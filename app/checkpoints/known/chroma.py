"""Chroma as its author and diffusers store it: Flux with one small network in place of all modulations."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import BLOCKS, rope_axes
from app.checkpoints.rules import Rule, rule

GUIDANCE = "distilled_guidance_layer"
RULES = (
    *BLOCKS,
    rule(f"{GUIDANCE}.layers.*.in_layer", f"{GUIDANCE}.layers.*.linear_1"),
    rule(f"{GUIDANCE}.layers.*.out_layer", f"{GUIDANCE}.layers.*.linear_2"),
    rule(f"{GUIDANCE}.norms.*.scale", f"{GUIDANCE}.norms.*.weight"),
    rule("txt_in", "context_embedder"),
    rule("img_in", "x_embedder"),
    rule("final_layer.linear", "proj_out"),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["x_embedder.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    hidden, inputs = shapes[f"{GUIDANCE}.in_proj.weight"]
    return {
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks"),
        "num_single_layers": count(shapes, "single_transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "axes_dims_rope": rope_axes(head),
        "approximator_num_channels": inputs,
        "approximator_hidden_dim": hidden,
        "approximator_layers": count(shapes, f"{GUIDANCE}.layers"),
    }


CHROMA = Architecture(
    kind="transformer",
    name="chroma",
    model="ChromaTransformer2DModel",
    layouts=(
        Layout("original", (f"{GUIDANCE}.norms.0.scale", "double_blocks.0.img_attn.qkv.weight"), rules=rules),
        Layout(DIFFUSERS, (f"{GUIDANCE}.norms.0.weight", "transformer_blocks.0.attn.to_q.weight")),
    ),
    config=config,
)
