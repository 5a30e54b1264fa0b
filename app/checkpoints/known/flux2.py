"""Flux.2 (dev, klein) as Black Forest Labs, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import DOUBLE, IMAGE, OUR_SINGLE, OURS, SINGLE, TEXT, attention
from app.checkpoints.rules import Rule, rule

RULES = (
    *attention("img", IMAGE),
    *attention("txt", TEXT),
    *(
        rule(f"{DOUBLE}.{theirs}_mlp.{place}", f"{OURS}.{ours}.linear_{way}")
        for theirs, ours in (("img", "ff"), ("txt", "ff_context"))
        for place, way in ((0, "in"), (2, "out"))
    ),
    rule(f"{SINGLE}.linear1", f"{OUR_SINGLE}.attn.to_qkv_mlp_proj"),
    rule(f"{SINGLE}.linear2", f"{OUR_SINGLE}.attn.to_out"),
    rule(f"{SINGLE}.norm.query_norm.scale", f"{OUR_SINGLE}.attn.norm_q.weight"),
    rule(f"{SINGLE}.norm.key_norm.scale", f"{OUR_SINGLE}.attn.norm_k.weight"),
    *(
        rule(f"{theirs}_in.{layer}_layer", f"time_guidance_embed.{ours}_embedder.linear_{number}")
        for theirs, ours in (("time", "timestep"), ("guidance", "guidance"))
        for layer, number in (("in", 1), ("out", 2))
    ),
    *(
        rule(f"{stream}_modulation{kind}.lin", f"{stream}_modulation{kind}.linear")
        for stream, kind in (("double_stream", "_img"), ("double_stream", "_txt"), ("single_stream", ""))
    ),
    rule("txt_in", "context_embedder"),
    rule("img_in", "x_embedder"),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["x_embedder.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    return {
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks"),
        "num_single_layers": count(shapes, "single_transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "timestep_guidance_channels": shapes["time_guidance_embed.timestep_embedder.linear_1.weight"][1],
        "mlp_ratio": shapes["transformer_blocks.0.ff.linear_out.weight"][1] / width,
        "axes_dims_rope": (head // 4,) * 4,
        "guidance_embeds": "time_guidance_embed.guidance_embedder.linear_1.weight" in shapes,
    }


FLUX2 = Architecture(
    kind="transformer",
    name="flux2",
    model="Flux2Transformer2DModel",
    layouts=(
        Layout(
            "original",
            ("single_stream_modulation.lin.weight", "double_blocks.0.img_attn.qkv.weight"),
            rules=rules,
        ),
        Layout(
            DIFFUSERS, ("single_stream_modulation.linear.weight", "transformer_blocks.0.attn.to_q.weight")
        ),
    ),
    config=config,
    variant=lambda shapes: "klein",
)
GUIDED = ("guidance_in.in_layer.weight", "time_guidance_embed.guidance_embedder.linear_1.weight")
FLUX2_DEV = replace(
    FLUX2,
    name="flux2-dev",
    layouts=tuple(
        replace(layout, marks=(*layout.marks, guided))
        for layout, guided in zip(FLUX2.layouts, GUIDED, strict=True)
    ),
    variant=lambda shapes: "dev",
)
