"""PixArt-alpha and PixArt-Sigma as their authors and diffusers store them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from math import isqrt
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HEAD = 72  # every published model; shapes do not tell
BLOCK, OURS = "blocks.*", "transformer_blocks.*"
SMALLEST = 64  # latent cells along the side of a 512-pixel picture, where positions are counted unscaled
RULES = (
    rule("x_embedder.proj", "pos_embed.proj"),
    rule("t_embedder.mlp.0", "adaln_single.emb.timestep_embedder.linear_1"),
    rule("t_embedder.mlp.2", "adaln_single.emb.timestep_embedder.linear_2"),
    rule("t_block.1", "adaln_single.linear"),
    *(
        rule(f"{theirs}_embedder.mlp.{place}", f"adaln_single.emb.{ours}_embedder.linear_{number}")
        for theirs, ours in (("csize", "resolution"), ("ar", "aspect_ratio"))
        for place, number in ((0, 1), (2, 2))
    ),
    rule("y_embedder.y_proj.fc1", "caption_projection.linear_1"),
    rule("y_embedder.y_proj.fc2", "caption_projection.linear_2"),
    rule(f"{BLOCK}.scale_shift_table", f"{OURS}.scale_shift_table"),
    rule(f"{BLOCK}.attn.qkv", *(f"{OURS}.attn1.to_{name}" for name in "qkv")),
    rule(f"{BLOCK}.attn.proj", f"{OURS}.attn1.to_out.0"),
    rule(f"{BLOCK}.cross_attn.q_linear", f"{OURS}.attn2.to_q"),
    rule(f"{BLOCK}.cross_attn.kv_linear", f"{OURS}.attn2.to_k", f"{OURS}.attn2.to_v"),
    rule(f"{BLOCK}.cross_attn.proj", f"{OURS}.attn2.to_out.0"),
    rule(f"{BLOCK}.mlp.fc1", f"{OURS}.ff.net.0.proj"),
    rule(f"{BLOCK}.mlp.fc2", f"{OURS}.ff.net.2"),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.scale_shift_table", "scale_shift_table"),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, patch, _ = shapes["pos_embed.proj.weight"]
    cells = shapes.get("pos_embed.pos_embed", (1, 64**2, width))[1]
    return {
        "num_attention_heads": width // HEAD,
        "attention_head_dim": HEAD,
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // patch**2,
        "num_layers": count(shapes, "transformer_blocks"),
        "cross_attention_dim": width,
        "sample_size": isqrt(cells) * patch,
        "patch_size": patch,
        "interpolation_scale": max(isqrt(cells) * patch // SMALLEST, 1),
        "caption_channels": shapes["caption_projection.linear_1.weight"][1],
        "use_additional_conditions": "adaln_single.emb.resolution_embedder.linear_1.weight" in shapes,
    }


PIXART = Architecture(
    kind="transformer",
    name="pixart",
    model="PixArtTransformer2DModel",
    layouts=(
        Layout(
            "original",
            (
                "blocks.0.cross_attn.kv_linear.weight",
                "blocks.0.scale_shift_table",
                "y_embedder.y_proj.fc1.weight",
            ),
            lacks=("blocks.0.mlp.inverted_conv.conv.weight",),
            rules=rules,
            ignored=("pos_embed", "y_embedder.y_embedding"),
        ),
        Layout(
            DIFFUSERS,
            (
                "pos_embed.proj.weight",
                "caption_projection.linear_1.weight",
                "transformer_blocks.0.ff.net.2.weight",
            ),
        ),
    ),
    config=config,
)
SIZES = ("csize_embedder.mlp.0.weight", "adaln_single.emb.resolution_embedder.linear_1.weight")
PIXART_ALPHA = replace(  # for 1024 pixels; the one for 512 has the tensors of Sigma
    PIXART,
    name="pixart-alpha",
    layouts=tuple(
        replace(layout, marks=(*layout.marks, size))
        for layout, size in zip(PIXART.layouts, SIZES, strict=True)
    ),
)
