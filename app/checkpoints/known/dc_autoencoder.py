"""The deep compression autoencoder of Sana, 32 pixels to a cell, as MIT and diffusers store it.

Reference: Chen et al., Deep Compression Autoencoder (2024), https://arxiv.org/abs/2410.10733
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HEAD = 32  # where no scale of attention tells it
SCALE = 0.41407  # of the one that Sana was trained with
HALVES = (("encoder", "down_blocks"), ("decoder", "up_blocks"))
ENDS = (
    rule("encoder.project_in.conv", "encoder.conv_in"),
    rule("encoder.project_out.main.op_list.0.conv", "encoder.conv_out"),
    rule("decoder.project_in.main.conv", "decoder.conv_in"),
    rule("decoder.project_out.op_list.0", "decoder.norm_out"),
    rule("decoder.project_out.op_list.2.conv", "decoder.conv_out"),
)


def half(name: str, stack: str) -> tuple[Rule, ...]:
    """Name what the encoder or decoder has in its stages: residual blocks, attention, a change of size."""
    theirs, ours = f"{name}.stages.*.op_list.*", f"{name}.{stack}.*.*"
    mixing, local = f"{theirs}.context_module.main", f"{theirs}.local_module.main"
    return (
        rule(f"{theirs}.main.conv1.conv", f"{ours}.conv1"),
        rule(f"{theirs}.main.conv2.conv", f"{ours}.conv2"),
        rule(f"{theirs}.main.conv2.norm", f"{ours}.norm"),
        Rule(f"{mixing}.qkv.conv", tuple(f"{ours}.attn.to_{way}" for way in "qkv"), flat=True),
        rule(f"{mixing}.aggreg.*.0", f"{ours}.attn.to_qkv_multiscale.*.proj_in"),
        rule(f"{mixing}.aggreg.*.1", f"{ours}.attn.to_qkv_multiscale.*.proj_out"),
        Rule(f"{mixing}.proj.conv", (f"{ours}.attn.to_out",), flat=True),
        rule(f"{mixing}.proj.norm", f"{ours}.attn.norm_out"),
        *(
            rule(f"{local}.{kind}_conv.conv", f"{ours}.conv_out.conv_{kind}")
            for kind in ("inverted", "depth", "point")
        ),
        rule(f"{local}.point_conv.norm", f"{ours}.conv_out.norm"),
        rule(f"{theirs}.main.conv.conv", f"{ours}.conv"),
        rule(f"{theirs}.main.conv", f"{ours}.conv"),
    )


RULES = (*ENDS, *(entry for name, stack in HALVES for entry in half(name, stack)))


def rules(names: Collection[str]) -> tuple[Rule, ...]:
    return RULES


def config(shapes: Shapes) -> dict[str, Any]:
    widest = shapes["encoder.conv_out.weight"][0]
    found: dict[str, Any] = {"latent_channels": widest, "scaling_factor": SCALE}
    for name, stack in HALVES:
        stages = [stage(shapes, f"{name}.{stack}.{at}") for at in range(count(shapes, f"{name}.{stack}"))]
        widths = tuple(entry["width"] for entry in stages)
        found |= {
            f"{name}_block_types": tuple(entry["type"] for entry in stages),
            f"{name}_block_out_channels": widths,
            f"{name}_layers_per_block": tuple(entry["layers"] for entry in stages),
            f"{name}_qkv_multiscales": tuple(entry["scales"] for entry in stages),
        }
        found["attention_head_dim"] = max(entry["head"] for entry in stages) or HEAD
    return found | resizing(shapes, found)


def stage(shapes: Shapes, path: str) -> Mapping[str, Any]:
    """Return what a stage is made of; one member of it may change the size instead."""
    members = [f"{path}.{at}" for at in range(count(shapes, path))]
    attending = [member for member in members if f"{member}.attn.to_q.weight" in shapes]
    plain = [member for member in members if f"{member}.conv1.weight" in shapes]
    if not attending:
        width = shapes[f"{plain[0]}.conv2.weight"][0]
        return {"type": "ResBlock", "layers": len(plain), "width": width, "scales": (), "head": 0}
    first = f"{attending[0]}.attn"
    scales = range(count(shapes, f"{first}.to_qkv_multiscale"))
    kernels = [shapes[f"{first}.to_qkv_multiscale.{at}.proj_in.weight"][-1] for at in scales]
    return {
        "type": "EfficientViTBlock",
        "layers": len(attending),
        "width": shapes[f"{first}.to_q.weight"][1],
        "scales": tuple(kernels),
        "head": shapes[f"{first}.to_qkv_multiscale.0.proj_out.weight"][1] if kernels else 0,
    }


def resizing(shapes: Shapes, found: Mapping[str, Any]) -> dict[str, str]:
    """Return how it shrinks and grows: by moving pixels into channels, or plainly."""
    shrinking = f"encoder.down_blocks.0.{found['encoder_layers_per_block'][0]}.conv.weight"
    plainly = shapes[shrinking][0] == found["encoder_block_out_channels"][1]
    growing = shapes["decoder.up_blocks.0.0.conv.weight"][0]
    interpolated = growing == found["decoder_block_out_channels"][0]
    return {
        "downsample_block_type": "Conv" if plainly else "pixel_unshuffle",
        "upsample_block_type": "interpolate" if interpolated else "pixel_shuffle",
    }


DC_VAE = Architecture(
    kind="vae",
    name="dc",
    model="AutoencoderDC",
    layouts=(
        Layout(
            "original",
            ("encoder.stages.0.op_list.0.main.conv1.conv.weight", "decoder.project_in.main.conv.weight"),
            rules=rules,
        ),
        Layout(DIFFUSERS, ("encoder.down_blocks.0.0.conv1.weight", "decoder.up_blocks.0.0.conv.weight")),
    ),
    config=config,
    variant=lambda shapes: f"{shapes['encoder.conv_out.weight'][0]} channels",
)
