"""Qwen2.5-VL with the tower by which it looks at pictures, as Alibaba and ComfyUI store it."""

from __future__ import annotations

from collections.abc import Collection
from math import isqrt
from typing import Any

from app.checkpoints.architecture import Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.text_encoders import QWEN, language_config
from app.checkpoints.rules import Rule, rule

LANGUAGE, HEAD, EYES_HEAD = "language_model.", 128, 80  # shapes do not tell the widths of heads
TURNS = (16, 24, 24)  # pairs of numbers in a head of 128 that turn with (frame, row, column)
EYES = ("visual.patch_embed.proj.weight", "visual.blocks.0.mlp.gate_proj.weight")
WORDS = ("embed_tokens.weight", "layers.0.self_attn.q_proj.bias")


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule(f"model.{part}", LANGUAGE + part) for part in ("embed_tokens", "norm", "layers.*"))


def config(shapes: Shapes) -> dict[str, Any]:
    language = {
        name.removeprefix(LANGUAGE): shape for name, shape in shapes.items() if name.startswith(LANGUAGE)
    }
    text = language_config(language, HEAD)
    text.pop("head_dim")
    rope = {"rope_type": "default", "rope_theta": 1e6, "mrope_section": list(TURNS)}
    return {
        "text_config": {**text, "rms_norm_eps": 1e-6, "rope_parameters": rope},
        "vision_config": eyes(shapes),
    }


def eyes(shapes: Shapes) -> dict[str, Any]:
    """Return the sizes of the vision tower."""
    width, channels, frames, side, _ = shapes["visual.patch_embed.proj.weight"]
    depth = count(shapes, "visual.blocks")
    return {
        "depth": depth,
        "hidden_size": width,
        "intermediate_size": shapes["visual.blocks.0.mlp.gate_proj.weight"][0],
        "num_heads": width // EYES_HEAD,
        "in_channels": channels,
        "patch_size": side,
        "temporal_patch_size": frames,
        "spatial_merge_size": isqrt(shapes["visual.merger.mlp.0.weight"][1] // width),
        "out_hidden_size": shapes["visual.merger.mlp.2.weight"][0],
        "fullatt_block_indexes": list(range(7, depth, 8)),
    }


QWEN_SEEING = Architecture(
    kind="text_encoder",
    name=QWEN.name,
    model="Qwen2_5_VLModel",
    layouts=(
        Layout(
            "with vision",
            (*EYES, *(f"model.{word}" for word in WORDS)),
            rules=rules,
            ignored=("lm_head.",),
            whole=True,
        ),
        Layout("with vision", (*EYES, *(LANGUAGE + word for word in WORDS)), whole=True),
    ),
    config=config,
    variant=lambda shapes: "with vision",
)
