"""Flux.1 as Black Forest Labs, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

DOUBLE, OURS = "double_blocks.*", "transformer_blocks.*"
SINGLE, OUR_SINGLE = "single_blocks.*", "single_transformer_blocks.*"


IMAGE = ("to_q", "to_k", "to_v", "to_out.0", "norm_q", "norm_k")
TEXT = ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out", "norm_added_q", "norm_added_k")


def attention(theirs: str, names: tuple[str, ...]) -> tuple[Rule, ...]:
    """Name the attention of a double block, which is there once for the picture and once for the text."""
    query, key, value, output, norm_query, norm_key = (f"{OURS}.attn.{name}" for name in names)
    start = f"{DOUBLE}.{theirs}_attn"
    return (
        rule(f"{start}.qkv", query, key, value),
        rule(f"{start}.norm.query_norm.scale", f"{norm_query}.weight"),
        rule(f"{start}.norm.key_norm.scale", f"{norm_key}.weight"),
        rule(f"{start}.proj", output),
    )


def stream(theirs: str, norm: str, mlp: str) -> tuple[Rule, ...]:
    """Name what else a double block has once for the picture and once for the text."""
    return (
        rule(f"{DOUBLE}.{theirs}_mod.lin", f"{OURS}.{norm}.linear"),
        rule(f"{DOUBLE}.{theirs}_mlp.0", f"{OURS}.{mlp}.net.0.proj"),
        rule(f"{DOUBLE}.{theirs}_mlp.2", f"{OURS}.{mlp}.net.2"),
    )


BLOCKS = (
    *attention("img", IMAGE),
    *attention("txt", TEXT),
    *stream("img", "norm1", "ff"),
    *stream("txt", "norm1_context", "ff_context"),
    rule(f"{SINGLE}.modulation.lin", f"{OUR_SINGLE}.norm.linear"),
    rule(
        f"{SINGLE}.linear1",
        *(f"{OUR_SINGLE}.{name}" for name in ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")),
        shares=(1, 1, 1, 4),
    ),
    rule(f"{SINGLE}.norm.query_norm.scale", f"{OUR_SINGLE}.attn.norm_q.weight"),
    rule(f"{SINGLE}.norm.key_norm.scale", f"{OUR_SINGLE}.attn.norm_k.weight"),
    rule(f"{SINGLE}.linear2", f"{OUR_SINGLE}.proj_out"),
)
EMBEDDERS = tuple(
    rule(f"{theirs}_in.{layer}_layer", f"time_text_embed.{ours}_embedder.linear_{number}")
    for theirs, ours in (("time", "timestep"), ("vector", "text"), ("guidance", "guidance"))
    for layer, number in (("in", 1), ("out", 2))
)
ENDS = (
    rule("txt_in", "context_embedder"),
    rule("img_in", "x_embedder"),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return (*BLOCKS, *EMBEDDERS, *ENDS)


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["x_embedder.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    return {
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0],
        "num_layers": count(shapes, "transformer_blocks"),
        "num_single_layers": count(shapes, "single_transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "pooled_projection_dim": shapes["time_text_embed.text_embedder.linear_1.weight"][1],
        "guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight" in shapes,
        "axes_dims_rope": rope_axes(head),
    }


def rope_axes(head: int) -> tuple[int, int, int]:
    """Return the parts of a head for frame, row and column: 16, 56, 56 of 128."""
    frame = head // 8
    return frame, (head - frame) // 2, (head - frame) // 2


def variant(shapes: Shapes) -> str:
    given, made = shapes["x_embedder.weight"][1], shapes["proj_out.weight"][0]
    guided = "time_text_embed.guidance_embedder.linear_1.weight" in shapes
    if given == made:
        return "dev" if guided else "schnell"
    return {2: "canny or depth", 6: "fill"}.get(given // made, "edited")


FLUX = Architecture(
    kind="transformer",
    name="flux",
    model="FluxTransformer2DModel",
    layouts=(
        Layout(
            "original",
            (
                "double_blocks.0.img_attn.norm.key_norm.scale",
                "single_blocks.0.linear1.weight",
                "vector_in.in_layer.weight",
            ),
            rules=rules,
        ),
        Layout(
            DIFFUSERS,
            ("single_transformer_blocks.0.proj_mlp.weight", "time_text_embed.text_embedder.linear_1.weight"),
            lacks=("context_embedder.proj_in.weight",),
        ),
    ),
    config=config,
    variant=variant,
    unsupported={"edited": "channels beside the latent that Patchloom does not know"},
)
