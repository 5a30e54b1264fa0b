"""HunyuanVideo as Tencent, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import DOUBLE, IMAGE, OUR_SINGLE, OURS, SINGLE, TEXT, rope_axes
from app.checkpoints.rules import Rule, rule

TIME = "time_text_embed"
REFINER = "txt_in.individual_token_refiner.blocks.*"
OUR_REFINER = "context_embedder.token_refiner.refiner_blocks.*"

REFINERS = (  # of the prompt, in both versions
    rule(f"{REFINER}.self_attn_qkv", *(f"{OUR_REFINER}.attn.to_{name}" for name in "qkv")),
    rule(f"{REFINER}.self_attn_proj", f"{OUR_REFINER}.attn.to_out.0"),
    rule(f"{REFINER}.mlp.fc1", f"{OUR_REFINER}.ff.net.0.proj"),
    rule(f"{REFINER}.mlp.fc2", f"{OUR_REFINER}.ff.net.2"),
    rule(f"{REFINER}.adaLN_modulation.1", f"{OUR_REFINER}.norm_out.linear"),
    rule(REFINER, OUR_REFINER),
    rule("txt_in.input_embedder", "context_embedder.proj_in"),
)


def stream(theirs: str, names: tuple[str, ...], norm: str, mlp: str) -> tuple[Rule, ...]:
    """Name what a double block has once for the picture and once for the text."""
    query, key, value, output, norm_query, norm_key = (f"{OURS}.attn.{name}" for name in names)
    start = f"{DOUBLE}.{theirs}"
    return (
        rule(f"{start}_mod.linear", f"{OURS}.{norm}.linear"),
        rule(f"{start}_attn_qkv", query, key, value),
        rule(f"{start}_attn_q_norm", norm_query),
        rule(f"{start}_attn_k_norm", norm_key),
        rule(f"{start}_attn_proj", output),
        rule(f"{start}_mlp.fc1", f"{OURS}.{mlp}.net.0.proj"),
        rule(f"{start}_mlp.fc2", f"{OURS}.{mlp}.net.2"),
    )


RULES = (
    *stream("img", IMAGE, "norm1", "ff"),
    *stream("txt", TEXT, "norm1_context", "ff_context"),
    rule(
        f"{SINGLE}.linear1",
        *(f"{OUR_SINGLE}.{name}" for name in ("attn.to_q", "attn.to_k", "attn.to_v", "proj_mlp")),
        shares=(1, 1, 1, 4),
    ),
    rule(f"{SINGLE}.linear2", f"{OUR_SINGLE}.proj_out"),
    rule(f"{SINGLE}.q_norm", f"{OUR_SINGLE}.attn.norm_q"),
    rule(f"{SINGLE}.k_norm", f"{OUR_SINGLE}.attn.norm_k"),
    rule(f"{SINGLE}.modulation.linear", f"{OUR_SINGLE}.norm.linear"),
    *REFINERS,
    rule("txt_in.t_embedder.mlp.0", f"context_embedder.{TIME}.timestep_embedder.linear_1"),
    rule("txt_in.t_embedder.mlp.2", f"context_embedder.{TIME}.timestep_embedder.linear_2"),
    rule("txt_in.c_embedder", f"context_embedder.{TIME}.text_embedder"),
    *(
        rule(f"{theirs}_in.mlp.{place}", f"{TIME}.{ours}_embedder.linear_{number}")
        for theirs, ours in (("time", "timestep"), ("guidance", "guidance"))
        for place, number in ((0, 1), (2, 2))
    ),
    rule("vector_in.in_layer", f"{TIME}.text_embedder.linear_1"),
    rule("vector_in.out_layer", f"{TIME}.text_embedder.linear_2"),
    rule("img_in", "x_embedder"),
    rule("final_layer.linear", "proj_out"),
    rule("final_layer.adaLN_modulation.1", "norm_out.linear", swap=True),
)


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def shared_config(shapes: Shapes) -> dict[str, Any]:
    """Return the sizes that both versions have."""
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
        "rope_axes_dim": rope_axes(head),
    }


def config(shapes: Shapes) -> dict[str, Any]:
    return {
        **shared_config(shapes),
        "num_single_layers": count(shapes, "single_transformer_blocks"),
        "guidance_embeds": f"{TIME}.guidance_embedder.linear_1.weight" in shapes,
        "pooled_projection_dim": shapes[f"{TIME}.text_embedder.linear_1.weight"][1],
    }


def variant(shapes: Shapes) -> str:
    return "text to video" if shapes["x_embedder.proj.weight"][1] == 16 else "image to video"


HUNYUAN_VIDEO = Architecture(
    kind="transformer",
    name="hunyuan-video",
    model="HunyuanVideoTransformer3DModel",
    layouts=(
        Layout(
            "original",
            (
                "double_blocks.0.img_attn_qkv.weight",
                "single_blocks.0.linear1.weight",
                "txt_in.input_embedder.weight",
            ),
            rules=rules,
        ),
        Layout(DIFFUSERS, ("context_embedder.proj_in.weight", "single_transformer_blocks.0.proj_mlp.weight")),
    ),
    config=config,
    variant=variant,
    unsupported={"image to video": "a picture that its text encoder, LLaVA, looks at"},
)
