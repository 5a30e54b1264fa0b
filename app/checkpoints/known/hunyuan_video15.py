"""HunyuanVideo 1.5 as Tencent, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import DOUBLE, OURS, rope_axes
from app.checkpoints.known.hunyuan_video import OUR_REFINER, REFINER
from app.checkpoints.rules import Rule, rule

STREAMS = (
    ("img", ("to_q", "to_k", "to_v", "to_out.0", "norm_q", "norm_k"), "norm1", "ff"),
    (
        "txt",
        ("add_q_proj", "add_k_proj", "add_v_proj", "to_add_out", "norm_added_q", "norm_added_k"),
        "norm1_context",
        "ff_context",
    ),
)
PARTS = ("q", "k", "v", "proj", "q_norm", "k_norm")
RULES = (
    *(
        rule(f"{DOUBLE}.{stream}_attn_{theirs}", f"{OURS}.attn.{ours}")
        for stream, names, _, _ in STREAMS
        for theirs, ours in zip(PARTS, names, strict=True)
    ),
    *(rule(f"{DOUBLE}.{stream}_mod.linear", f"{OURS}.{norm}.linear") for stream, _, norm, _ in STREAMS),
    *(
        rule(f"{DOUBLE}.{stream}_mlp.{theirs}", f"{OURS}.{mlp}.{ours}")
        for stream, _, _, mlp in STREAMS
        for theirs, ours in (("fc1", "net.0.proj"), ("fc2", "net.2"))
    ),
    rule(f"{REFINER}.self_attn_qkv", *(f"{OUR_REFINER}.attn.to_{name}" for name in "qkv")),
    rule(f"{REFINER}.self_attn_proj", f"{OUR_REFINER}.attn.to_out.0"),
    rule(f"{REFINER}.mlp.fc1", f"{OUR_REFINER}.ff.net.0.proj"),
    rule(f"{REFINER}.mlp.fc2", f"{OUR_REFINER}.ff.net.2"),
    rule(f"{REFINER}.adaLN_modulation.1", f"{OUR_REFINER}.norm_out.linear"),
    rule(REFINER, OUR_REFINER),
    rule("txt_in.input_embedder", "context_embedder.proj_in"),
    rule("txt_in.c_embedder", "context_embedder.time_text_embed.text_embedder"),
    *(
        rule(f"{theirs}.mlp.{place}", f"{ours}.timestep_embedder.linear_{number}")
        for theirs, ours in (
            ("txt_in.t_embedder", "context_embedder.time_text_embed"),
            ("time_in", "time_embed"),
        )
        for place, number in ((0, 1), (2, 2))
    ),
    rule("byt5_in.layernorm", "context_embedder_2.norm"),
    *(rule(f"byt5_in.fc{number}", f"context_embedder_2.linear_{number}") for number in (1, 2, 3)),
    *(
        rule(f"vision_in.proj.{place}", f"image_embedder.{name}")
        for place, name in ((0, "norm_in"), (1, "linear_1"), (3, "linear_2"), (4, "norm_out"))
    ),
    rule("img_in", "x_embedder"),
    rule("cond_type_embedding", "cond_type_embed"),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, frames, patch, _ = shapes["x_embedder.proj.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    return {
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // (frames * patch**2),
        "num_attention_heads": width // head,
        "attention_head_dim": head,
        "num_layers": count(shapes, "transformer_blocks"),
        "num_refiner_layers": count(shapes, "context_embedder.token_refiner.refiner_blocks"),
        "patch_size": patch,
        "patch_size_t": frames,
        "text_embed_dim": shapes["context_embedder.proj_in.weight"][1],
        "text_embed_2_dim": shapes["context_embedder_2.linear_1.weight"][1],
        "image_embed_dim": shapes["image_embedder.linear_1.weight"][1],
        "rope_axes_dim": rope_axes(head),
    }


HUNYUAN_VIDEO_15 = Architecture(
    kind="transformer",
    name="hunyuan-video-1.5",
    model="HunyuanVideo15Transformer3DModel",
    layouts=(
        Layout(
            "original",
            ("double_blocks.0.img_attn_q.weight", "byt5_in.fc1.weight", "cond_type_embedding.weight"),
            rules=rules,
        ),
        Layout(DIFFUSERS, ("context_embedder_2.linear_1.weight", "cond_type_embed.weight")),
    ),
    config=config,
)
