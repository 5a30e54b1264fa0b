"""LTX-Video as Lightricks, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HEAD = 64  # every published model; queries are normed over all heads at once, so that shapes do not tell
BLOCK = "transformer_blocks.*"
RULES = (
    rule("patchify_proj", "proj_in"),
    rule("adaln_single", "time_embed"),
    *(
        rule(f"{BLOCK}.{part}.{name}_norm", f"{BLOCK}.{part}.norm_{name}")
        for part in ("attn1", "attn2")
        for name in ("q", "k")
    ),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["proj_in.weight"]
    head = min(HEAD, width)
    return {
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0],
        "num_attention_heads": width // head,
        "attention_head_dim": head,
        "cross_attention_dim": shapes["transformer_blocks.0.attn2.to_k.weight"][1],
        "num_layers": count(shapes, "transformer_blocks"),
        "caption_channels": shapes["caption_projection.linear_1.weight"][1],
    }


LTX_VIDEO = Architecture(
    kind="transformer",
    name="ltx-video",
    model="LTXVideoTransformer3DModel",
    layouts=(
        Layout(
            "original",
            ("patchify_proj.weight", "transformer_blocks.0.attn1.q_norm.weight"),
            lacks=("audio_patchify_proj.weight",),
            rules=rules,
        ),
        Layout(
            DIFFUSERS,
            (
                "proj_in.weight",
                "transformer_blocks.0.attn1.norm_q.weight",
                "caption_projection.linear_1.weight",
            ),
            lacks=("audio_proj_in.weight",),
        ),
    ),
    config=config,
    kept=("causal_temporal_positioning",),
)
