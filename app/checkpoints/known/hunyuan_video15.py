"""HunyuanVideo 1.5 as Tencent, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import DOUBLE, OURS
from app.checkpoints.known.hunyuan_video import REFINERS, shared_config
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
    *REFINERS,
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
    return {
        **shared_config(shapes),
        "text_embed_2_dim": shapes["context_embedder_2.linear_1.weight"][1],
        "image_embed_dim": shapes["image_embedder.linear_1.weight"][1],
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
