"""Control networks for Flux, SD3 and Qwen-Image, in diffusers' names as their authors publish them."""

from __future__ import annotations

from math import isqrt
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.known.flux import rope_axes
from app.checkpoints.known.sd3 import HEAD
from app.checkpoints.rules import rule

FIRST = "controlnet_blocks.0.weight"
MODES = "controlnet_mode_embedder.weight"


def flux_config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["x_embedder.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    hint = shapes.get("input_hint_block.conv_out.weight")
    return {
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks"),
        "num_single_layers": count(shapes, "single_transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "pooled_projection_dim": shapes["time_text_embed.text_embedder.linear_1.weight"][1],
        "guidance_embeds": "time_text_embed.guidance_embedder.linear_1.weight" in shapes,
        "axes_dims_rope": rope_axes(head),
        "num_mode": shapes[MODES][0] if MODES in shapes else None,
        "conditioning_embedding_channels": hint[0] if hint else None,
    }


def flux_variant(shapes: Shapes) -> str:
    return f"union of {shapes[MODES][0]}" if MODES in shapes else ""


def sd3_config(shapes: Shapes) -> dict[str, Any]:
    width, channels, patch, _ = shapes["pos_embed.proj.weight"]
    normed = shapes.get("transformer_blocks.0.attn.norm_q.weight")
    head = normed[0] if normed else HEAD
    return {
        "sample_size": 128,
        "patch_size": patch,
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["context_embedder.weight"][1],
        "caption_projection_dim": shapes["context_embedder.weight"][0],
        "pooled_projection_dim": shapes["time_text_embed.text_embedder.linear_1.weight"][1],
        "out_channels": channels,
        "pos_embed_max_size": isqrt(shapes["pos_embed.pos_embed"][1]),
        "extra_conditioning_channels": shapes["pos_embed_input.proj.weight"][1] - channels,
        "qk_norm": "rms_norm" if normed else None,
    }


def qwen_config(shapes: Shapes) -> dict[str, Any]:
    width, channels = shapes["img_in.weight"]
    head = shapes["transformer_blocks.0.attn.norm_q.weight"][0]
    return {
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks"),
        "attention_head_dim": head,
        "num_attention_heads": width // head,
        "joint_attention_dim": shapes["txt_in.weight"][1],
        "axes_dims_rope": rope_axes(head),
        "extra_condition_channels": shapes["controlnet_x_embedder.weight"][1] - channels,
    }


def masked(shapes: Shapes) -> str:
    """Tell networks that take a mask beside the picture, by what they take more than the noisy latent."""
    names = (
        ("pos_embed.proj.weight", "pos_embed_input.proj.weight"),
        ("img_in.weight", "controlnet_x_embedder.weight"),
    )
    more = [shapes[hint][1] > shapes[own][1] for own, hint in names if own in shapes]
    return "inpaint" if any(more) else ""


FLUX_CONTROL = Architecture(
    kind="controlnet",
    name="flux",
    model="FluxControlNetModel",
    layouts=(Layout(DIFFUSERS, (FIRST, "controlnet_x_embedder.weight", "x_embedder.weight")),),
    config=flux_config,
    variant=flux_variant,
)
SD3_CONTROL = Architecture(
    kind="controlnet",
    name="sd3",
    model="SD3ControlNetModel",
    layouts=(Layout(DIFFUSERS, (FIRST, "pos_embed_input.proj.weight", "pos_embed.pos_embed")),),
    config=sd3_config,
    variant=masked,
)
SD35_HEAD = 64
SD35_BLOCK = "transformer_blocks.*"
SD35_RULES = (
    rule(f"{SD35_BLOCK}.attn.qkv", *(f"{SD35_BLOCK}.attn.to_{name}" for name in "qkv")),
    rule(f"{SD35_BLOCK}.attn.proj", f"{SD35_BLOCK}.attn.to_out.0"),
    rule(f"{SD35_BLOCK}.mlp.fc1", f"{SD35_BLOCK}.ff.net.0.proj"),
    rule(f"{SD35_BLOCK}.mlp.fc2", f"{SD35_BLOCK}.ff.net.2"),
    rule(f"{SD35_BLOCK}.adaLN_modulation.1", f"{SD35_BLOCK}.norm1.linear"),
)


def sd35_config(shapes: Shapes) -> dict[str, Any]:
    """Return what builds a network for SD3.5 large: it reads no text, and borrows the model's entrance."""
    width, channels, patch, _ = shapes["pos_embed_input.proj.weight"]
    return {
        "patch_size": patch,
        "in_channels": channels,
        "num_layers": count(shapes, "transformer_blocks"),
        "attention_head_dim": SD35_HEAD,
        "num_attention_heads": width // SD35_HEAD,
        "joint_attention_dim": None,
        "pooled_projection_dim": shapes["time_text_embed.text_embedder.linear_1.weight"][1],
        "out_channels": channels,
        "pos_embed_max_size": None,
        "pos_embed_type": None,
        "use_pos_embed": False,
        "force_zeros_for_pooled_projection": False,
    }


SD35_CONTROL = Architecture(
    kind="controlnet",
    name="sd3",
    model="SD3ControlNetModel",
    layouts=(
        Layout(
            "original",
            (FIRST, "pos_embed_input.proj.weight", "transformer_blocks.0.attn.qkv.weight"),
            rules=lambda names: SD35_RULES,
        ),
        Layout(
            DIFFUSERS,
            (FIRST, "pos_embed_input.proj.weight", "transformer_blocks.0.attn.to_q.weight"),
            lacks=("pos_embed.pos_embed", "context_embedder.weight"),
        ),
    ),
    config=sd35_config,
    variant=lambda shapes: "for 3.5 large",
)
QWEN_CONTROL = Architecture(
    kind="controlnet",
    name="qwen-image",
    model="QwenImageControlNetModel",
    layouts=(Layout(DIFFUSERS, (FIRST, "controlnet_x_embedder.weight", "txt_norm.weight")),),
    config=qwen_config,
    variant=masked,
)
CONTROLNETS = (FLUX_CONTROL, SD3_CONTROL, SD35_CONTROL, QWEN_CONTROL)
