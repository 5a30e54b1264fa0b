"""Sana and Sana-Sprint as NVIDIA and diffusers store them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HEAD = 32  # of linear attention, in every published model; shapes tell no head
SMALL, SMALL_CROSS_HEAD, CROSS_HEAD = 1152, 72, 112
BLOCK, OURS = "blocks.*", "transformer_blocks.*"
GUIDED = "cfg_embedder.mlp.0.weight"
RULES = (
    rule("x_embedder.proj", "patch_embed.proj"),
    rule("t_block.1", "time_embed.linear"),
    rule("y_embedder.y_proj.fc1", "caption_projection.linear_1"),
    rule("y_embedder.y_proj.fc2", "caption_projection.linear_2"),
    rule("attention_y_norm", "caption_norm"),
    rule(f"{BLOCK}.scale_shift_table", f"{OURS}.scale_shift_table"),
    rule(f"{BLOCK}.attn.qkv", *(f"{OURS}.attn1.to_{name}" for name in "qkv")),
    rule(f"{BLOCK}.attn.proj", f"{OURS}.attn1.to_out.0"),
    rule(f"{BLOCK}.cross_attn.q_linear", f"{OURS}.attn2.to_q"),
    rule(f"{BLOCK}.cross_attn.kv_linear", f"{OURS}.attn2.to_k", f"{OURS}.attn2.to_v"),
    rule(f"{BLOCK}.cross_attn.proj", f"{OURS}.attn2.to_out.0"),
    *(
        rule(f"{BLOCK}.{theirs}.{name}_norm", f"{OURS}.{ours}.norm_{name}")
        for theirs, ours in (("attn", "attn1"), ("cross_attn", "attn2"))
        for name in "qk"
    ),
    *(
        rule(f"{BLOCK}.mlp.{name}_conv.conv", f"{OURS}.ff.conv_{name}")
        for name in ("inverted", "depth", "point")
    ),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.scale_shift_table", "scale_shift_table"),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules; models that know the guidance have the time embedded a level higher."""
    time = "time_embed" if GUIDED in names else "time_embed.emb"
    embedders = (
        rule(f"{theirs}_embedder.mlp.{place}", f"{ours}_embedder.linear_{number}")
        for theirs, ours in (("t", f"{time}.timestep"), ("cfg", "time_embed.guidance"))
        for place, number in ((0, 1), (2, 2))
    )
    return (*RULES, *embedders)


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, patch, _ = shapes["patch_embed.proj.weight"]
    cross_head = min(width, SMALL_CROSS_HEAD if width <= SMALL else CROSS_HEAD)
    first = "transformer_blocks.0"
    return {
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // patch**2,
        "num_attention_heads": width // HEAD,
        "attention_head_dim": HEAD,
        "num_layers": count(shapes, "transformer_blocks"),
        "num_cross_attention_heads": width // cross_head,
        "cross_attention_head_dim": cross_head,
        "cross_attention_dim": width,
        "caption_channels": shapes["caption_projection.linear_1.weight"][1],
        "mlp_ratio": shapes[f"{first}.ff.conv_inverted.weight"][0] / (2 * width),
        "attention_bias": f"{first}.attn1.to_q.bias" in shapes,
        "patch_size": patch,
        "guidance_embeds": guided(shapes),
        "qk_norm": "rms_norm_across_heads" if f"{first}.attn1.norm_q.weight" in shapes else None,
    }


def guided(shapes: Shapes) -> bool:
    return "time_embed.guidance_embedder.linear_1.weight" in shapes


SANA = Architecture(
    kind="transformer",
    name="sana",
    model="SanaTransformer2DModel",
    layouts=(
        Layout(
            "original",
            ("blocks.0.mlp.inverted_conv.conv.weight", "attention_y_norm.weight"),
            rules=rules,
            ignored=("pos_embed", "y_embedder.y_embedding", "logvar_linear."),
        ),
        Layout(DIFFUSERS, ("transformer_blocks.0.ff.conv_inverted.weight", "caption_norm.weight")),
    ),
    config=config,
    variant=lambda shapes: "Sprint" if guided(shapes) else "",
)
