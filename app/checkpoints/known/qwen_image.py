"""Qwen-Image: every publisher stores it in diffusers' names."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import rope_axes


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["img_in.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    return {
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // 4,
        "num_layers": count(shapes, "transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["txt_in.weight"][1],
        "axes_dims_rope": rope_axes(head),
    }


QWEN_IMAGE = Architecture(
    kind="transformer",
    name="qwen-image",
    model="QwenImageTransformer2DModel",
    layouts=(
        Layout(DIFFUSERS, ("transformer_blocks.0.img_mod.1.weight", "txt_norm.weight", "img_in.weight")),
    ),
    config=config,
)
MARK = "__index_timestep_zero__"  # which ComfyUI's files of models bear that see references without noise
QWEN_IMAGE_2511 = replace(
    QWEN_IMAGE,
    layouts=(replace(QWEN_IMAGE.layouts[0], marks=(*QWEN_IMAGE.layouts[0].marks, MARK), ignored=(MARK,)),),
    config=lambda shapes: {**config(shapes), "zero_cond_t": True},
    variant=lambda shapes: "Edit 2511",
)
