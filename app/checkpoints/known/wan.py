"""Wan 2.1 and 2.2 as Alibaba, ComfyUI and diffusers store them."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

BESIDE = 20  # channels of given frames and of which they are
HEAD = 128  # every published model; queries are normed over all heads at once, so that shapes do not tell
RULES = (
    rule("time_embedding.0", "condition_embedder.time_embedder.linear_1"),
    rule("time_embedding.2", "condition_embedder.time_embedder.linear_2"),
    rule("text_embedding.0", "condition_embedder.text_embedder.linear_1"),
    rule("text_embedding.2", "condition_embedder.text_embedder.linear_2"),
    rule("time_projection.1", "condition_embedder.time_proj"),
    rule("head.modulation", "scale_shift_table"),
    rule("head.head", "proj_out"),
    rule("blocks.*.modulation", "blocks.*.scale_shift_table"),
    rule("blocks.*.ffn.0", "blocks.*.ffn.net.0.proj"),
    rule("blocks.*.ffn.2", "blocks.*.ffn.net.2"),
    rule("blocks.*.norm3", "blocks.*.norm2"),
    *(
        rule(f"blocks.*.{theirs}.{name}", f"blocks.*.{ours}.{ours_name}")
        for theirs, ours in (("self_attn", "attn1"), ("cross_attn", "attn2"))
        for name, ours_name in (
            ("q", "to_q"),
            ("k", "to_k"),
            ("v", "to_v"),
            ("o", "to_out.0"),
            ("norm_q", "norm_q"),
            ("norm_k", "norm_k"),
            ("k_img", "add_k_proj"),
            ("v_img", "add_v_proj"),
            ("norm_k_img", "norm_added_k"),
        )
    ),
    rule("img_emb.emb_pos", "condition_embedder.image_embedder.pos_embed"),
    rule("img_emb.proj.0", "condition_embedder.image_embedder.norm1"),
    rule("img_emb.proj.1", "condition_embedder.image_embedder.ff.net.0.proj"),
    rule("img_emb.proj.3", "condition_embedder.image_embedder.ff.net.2"),
    rule("img_emb.proj.4", "condition_embedder.image_embedder.norm2"),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    width, channels, *patch = shapes["patch_embedding.weight"]
    time = shapes["condition_embedder.time_embedder.linear_1.weight"]
    picture = shapes.get("condition_embedder.image_embedder.ff.net.0.proj.weight")
    added = shapes.get("blocks.0.attn2.add_k_proj.weight")
    places = shapes.get("condition_embedder.image_embedder.pos_embed")
    return {
        "patch_size": tuple(patch),
        "num_attention_heads": width // HEAD,
        "attention_head_dim": HEAD,
        "in_channels": channels,
        "out_channels": shapes["proj_out.weight"][0] // (patch[0] * patch[1] * patch[2]),
        "text_dim": shapes["condition_embedder.text_embedder.linear_1.weight"][1],
        "freq_dim": time[1],
        "ffn_dim": shapes["blocks.0.ffn.net.0.proj.weight"][0],
        "num_layers": count(shapes, "blocks"),
        "cross_attn_norm": "blocks.0.norm2.weight" in shapes,
        "image_dim": picture[1] if picture else None,
        "added_kv_proj_dim": added[1] if added else None,
        "pos_embed_seq_len": places[1] if places else None,
    }


def variant(shapes: Shapes) -> str:
    given, made = shapes["patch_embedding.weight"][1], shapes["proj_out.weight"][0] // 4
    if given == made:
        return "text to video"
    return "image to video" if given == made + BESIDE else f"{given - made} channels beside the latent"


def of_many_channels(name: str) -> Callable[[Shapes], bool]:
    """Return a test for models of the autoencoder of Wan 2.2 by their last matrix."""
    return lambda shapes: shapes[name][0] == 48 * 4


ORIGINAL = Layout(
    "original",
    ("head.modulation", "head.head.weight", "patch_embedding.weight", "blocks.0.self_attn.norm_q.weight"),
    lacks=("vace_blocks.0.after_proj.bias", "motion_encoder.dec.direction.weight"),
    rules=rules,
)
LIKE_DIFFUSERS = Layout(
    DIFFUSERS,
    (
        "condition_embedder.time_proj.weight",
        "proj_out.weight",
        "patch_embedding.weight",
        "blocks.0.attn1.norm_q.weight",
    ),
    lacks=("vace_blocks.0.proj_out.bias",),
)
WAN = Architecture(
    kind="transformer",
    name="wan",
    model="WanTransformer3DModel",
    layouts=(ORIGINAL, LIKE_DIFFUSERS),
    config=config,
    variant=variant,
    unsupported={"32 channels beside the latent": "a video that controls it"},
)
WAN_TI2V = replace(
    WAN,
    name="wan-ti2v",
    layouts=(
        replace(ORIGINAL, sized=of_many_channels("head.head.weight")),
        replace(LIKE_DIFFUSERS, sized=of_many_channels("proj_out.weight")),
    ),
    variant=lambda shapes: "text and image to video",
    unsupported={},
)
