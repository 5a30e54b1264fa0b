"""Stable Diffusion 3 and 3.5 as Stability AI, ComfyUI and diffusers store them."""

from __future__ import annotations

from collections.abc import Collection
from math import isqrt
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HEAD = 64  # every published model; shapes tell it only where queries are normed
BLOCK, OURS = "joint_blocks.*", "transformer_blocks.*"


def attention(
    theirs: str, ours: str, names: tuple[str, str, str], norms: tuple[str, str]
) -> tuple[Rule, ...]:
    return (
        rule(f"{BLOCK}.{theirs}.qkv", *(f"{OURS}.{ours}.{name}" for name in names)),
        rule(f"{BLOCK}.{theirs}.ln_q", f"{OURS}.{ours}.{norms[0]}"),
        rule(f"{BLOCK}.{theirs}.ln_k", f"{OURS}.{ours}.{norms[1]}"),
    )


IMAGE, NORMS = ("to_q", "to_k", "to_v"), ("norm_q", "norm_k")
TEXT, TEXT_NORMS = ("add_q_proj", "add_k_proj", "add_v_proj"), ("norm_added_q", "norm_added_k")
BLOCKS = (
    *attention("x_block.attn", "attn", IMAGE, NORMS),
    *attention("x_block.attn2", "attn2", IMAGE, NORMS),
    *attention("context_block.attn", "attn", TEXT, TEXT_NORMS),
    rule(f"{BLOCK}.x_block.attn.proj", f"{OURS}.attn.to_out.0"),
    rule(f"{BLOCK}.x_block.attn2.proj", f"{OURS}.attn2.to_out.0"),
    rule(f"{BLOCK}.context_block.attn.proj", f"{OURS}.attn.to_add_out"),
    rule(f"{BLOCK}.x_block.adaLN_modulation.1", f"{OURS}.norm1.linear"),
    *(
        rule(f"{BLOCK}.{theirs}.mlp.fc{number}", f"{OURS}.{ours}.net.{place}")
        for theirs, ours in (("x_block", "ff"), ("context_block", "ff_context"))
        for number, place in ((1, "0.proj"), (2, "2"))
    ),
)
ENDS = (
    rule("pos_embed", "pos_embed.pos_embed"),
    rule("x_embedder.proj", "pos_embed.proj"),
    *(
        rule(f"{theirs}_embedder.mlp.{place}", f"time_text_embed.{ours}_embedder.linear_{number}")
        for theirs, ours in (("t", "timestep"), ("y", "text"))
        for place, number in ((0, 1), (2, 2))
    ),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules; the last block's text modulation has shift and scale alone, in another order."""
    last = count(names, "joint_blocks") - 1
    modulation = "context_block.adaLN_modulation.1"
    context = (
        rule(
            f"joint_blocks.{last}.{modulation}", f"transformer_blocks.{last}.norm1_context.linear", swap=True
        ),
        rule(f"{BLOCK}.{modulation}", f"{OURS}.norm1_context.linear"),
    )
    return (*context, *BLOCKS, *ENDS)


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, patch, _ = shapes["pos_embed.proj.weight"]
    normed = shapes.get("transformer_blocks.0.attn.norm_q.weight")
    head = normed[0] if normed else HEAD
    dual = [index for index in range(100) if f"transformer_blocks.{index}.attn2.to_q.weight" in shapes]
    return {
        "sample_size": 128,
        "patch_size": patch,
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // patch**2,
        "num_layers": count(shapes, "transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "caption_projection_dim": shapes["context_embedder.weight"][0],
        "pooled_projection_dim": shapes["time_text_embed.text_embedder.linear_1.weight"][1],
        "pos_embed_max_size": isqrt(shapes["pos_embed.pos_embed"][1]),
        "dual_attention_layers": dual,
        "qk_norm": "rms_norm" if normed else None,
    }


def variant(shapes: Shapes) -> str:
    if "transformer_blocks.0.attn2.to_q.weight" in shapes:
        return "3.5 medium"
    return "3.5 large" if "transformer_blocks.0.attn.norm_q.weight" in shapes else "3 medium"


SD3 = Architecture(
    kind="transformer",
    name="sd3",
    model="SD3Transformer2DModel",
    layouts=(
        Layout("original", ("joint_blocks.0.x_block.attn.qkv.weight", "pos_embed"), rules=rules),
        Layout(DIFFUSERS, ("pos_embed.pos_embed", "transformer_blocks.0.attn.add_q_proj.weight")),
    ),
    config=config,
    variant=variant,
)
