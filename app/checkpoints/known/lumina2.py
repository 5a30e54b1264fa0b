"""Lumina 2 as Alpha-VLLM, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

NORMS = ("attention_norm1", "attention_norm2", "ffn_norm1", "ffn_norm2")


def block(theirs: str, *, modulated: bool) -> tuple[Rule, ...]:
    start = f"{theirs}.*"
    ours = ("norm1.norm" if modulated else "norm1", "norm2", "ffn_norm1", "ffn_norm2")
    heads = (f"{start}.attn.to_q", f"{start}.attn.to_k", f"{start}.attn.to_v")
    return (
        rule(f"{start}.attention.qkv", *heads, shares=(3, 1, 1)),  # three heads ask for each that answers
        rule(f"{start}.attention.out", f"{start}.attn.to_out.0"),
        rule(f"{start}.attention.q_norm", f"{start}.attn.norm_q"),
        rule(f"{start}.attention.k_norm", f"{start}.attn.norm_k"),
        rule(f"{start}.adaLN_modulation.1", f"{start}.norm1.linear"),
        *(rule(f"{start}.feed_forward.w{i}", f"{start}.feed_forward.linear_{i}") for i in (1, 2, 3)),
        *(rule(f"{start}.{name}", f"{start}.{own}") for name, own in zip(NORMS, ours, strict=True)),
    )


RULES = (
    *block("layers", modulated=True),
    *block("noise_refiner", modulated=True),
    *block("context_refiner", modulated=False),
    rule("cap_embedder", "time_caption_embed.caption_embedder"),
    rule("t_embedder.mlp.0", "time_caption_embed.timestep_embedder.linear_1"),
    rule("t_embedder.mlp.2", "time_caption_embed.timestep_embedder.linear_2"),
    rule("final_layer.adaLN_modulation.1", "norm_out.linear_1"),
    rule("final_layer.linear", "norm_out.linear_2"),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, inputs = shapes["x_embedder.weight"]
    head = shapes["layers.0.attn.norm_q.weight"][0]
    hidden = shapes["layers.0.feed_forward.linear_1.weight"][0]
    return {
        "in_channels": inputs // 4,
        "hidden_size": width,
        "num_layers": count(shapes, "layers"),
        "num_refiner_layers": count(shapes, "noise_refiner"),
        "num_attention_heads": width // head,
        "num_kv_heads": shapes["layers.0.attn.to_k.weight"][0] // head,
        "multiple_of": hidden,
        "ffn_dim_multiplier": hidden / (4 * width),
        "axes_dim_rope": (head // 3,) * 3,
        "cap_feat_dim": shapes["time_caption_embed.caption_embedder.1.weight"][1],
    }


LUMINA2 = Architecture(
    kind="transformer",
    name="lumina2",
    model="Lumina2Transformer2DModel",
    layouts=(
        Layout(
            "original",
            ("cap_embedder.0.weight", "layers.0.adaLN_modulation.1.weight"),
            rules=rules,
            ignored=("norm_final.",),
        ),
        Layout(DIFFUSERS, ("time_caption_embed.caption_embedder.0.weight", "layers.0.norm1.linear.weight")),
    ),
    config=config,
)
