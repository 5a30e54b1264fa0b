"""Autoencoders of videos as Tencent, Zhipu and diffusers store them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HALVES = ("encoder", "decoder")


def hunyuan_config(shapes: Shapes) -> dict[str, Any]:
    levels = count(shapes, "encoder.down_blocks")
    widths = [
        shapes[f"encoder.down_blocks.{level}.resnets.0.conv1.conv.weight"][0] for level in range(levels)
    ]
    return {
        "latent_channels": shapes["post_quant_conv.weight"][0],
        "down_block_types": ("HunyuanVideoDownBlock3D",) * levels,
        "up_block_types": ("HunyuanVideoUpBlock3D",) * levels,
        "block_out_channels": tuple(widths),
        "layers_per_block": count(shapes, "encoder.down_blocks.0.resnets"),
    }


def cogvideox_config(shapes: Shapes) -> dict[str, Any]:
    """Return the sizes; the scale is that of the 5B model, as no shape tells the two apart."""
    levels = count(shapes, "encoder.down_blocks")
    places = [f"encoder.down_blocks.{level}.resnets.0.conv2.conv.weight" for level in range(levels)]
    return {
        "latent_channels": shapes["decoder.conv_in.conv.weight"][1],
        "down_block_types": ("CogVideoXDownBlock3D",) * levels,
        "up_block_types": ("CogVideoXUpBlock3D",) * levels,
        "block_out_channels": tuple(shapes[place][0] for place in places),
        "layers_per_block": count(shapes, "encoder.down_blocks.0.resnets"),
        "scaling_factor": 0.7,
    }


def hunyuan15_rules(names: Collection[str]) -> tuple[Rule, ...]:
    attention = (("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "proj_out"), ("norm", "norm"))
    rules = []
    for half, way in zip(HALVES, ("down", "up"), strict=True):
        theirs, ours = f"{half}.{way}.*", f"{half}.{way}_blocks.*"
        rules += [
            rule(f"{theirs}.block.*", f"{ours}.resnets.*"),
            rule(f"{theirs}.{way}sample", f"{ours}.{way}samplers.0"),
            rule(f"{half}.mid.block_1", f"{half}.mid_block.resnets.0"),
            rule(f"{half}.mid.block_2", f"{half}.mid_block.resnets.1"),
        ]
        rules += [
            rule(f"{half}.mid.attn_1.{name}", f"{half}.mid_block.attentions.0.{own}")
            for name, own in attention
        ]
    return tuple(rules)


def hunyuan15_config(shapes: Shapes) -> dict[str, Any]:
    levels = count(shapes, "encoder.down_blocks")
    places = [f"encoder.down_blocks.{level}.resnets.0.conv2.conv.weight" for level in range(levels)]
    return {
        "latent_channels": shapes["decoder.conv_in.conv.weight"][1],
        "block_out_channels": tuple(shapes[place][0] for place in places),
        "layers_per_block": count(shapes, "encoder.down_blocks.0.resnets"),
    }


HUNYUAN_VAE = Architecture(
    kind="vae",
    name="hunyuan-video",
    model="AutoencoderKLHunyuanVideo",
    layouts=(
        Layout(
            DIFFUSERS,
            (
                "encoder.down_blocks.0.resnets.0.conv1.conv.weight",
                "encoder.mid_block.attentions.0.to_q.weight",
                "post_quant_conv.weight",
            ),
        ),
    ),
    config=hunyuan_config,
    variant=lambda shapes: f"{shapes['post_quant_conv.weight'][0]} channels",
)
COGVIDEOX_VAE = Architecture(
    kind="vae",
    name="cogvideox",
    model="AutoencoderKLCogVideoX",
    layouts=(
        Layout(
            DIFFUSERS,
            (
                "encoder.down_blocks.0.resnets.0.conv1.conv.weight",
                "decoder.up_blocks.0.resnets.0.norm1.norm_layer.weight",
                "decoder.conv_in.conv.weight",
            ),
        ),
    ),
    config=cogvideox_config,
    variant=lambda shapes: f"{shapes['decoder.conv_in.conv.weight'][1]} channels",
)
HUNYUAN15_VAE = Architecture(
    kind="vae",
    name="hunyuan-video-1.5",
    model="AutoencoderKLHunyuanVideo15",
    layouts=(
        Layout(
            "original",
            ("encoder.mid.attn_1.norm.gamma", "decoder.up.0.block.0.conv1.conv.weight"),
            rules=hunyuan15_rules,
        ),
        Layout(
            DIFFUSERS,
            ("encoder.mid_block.attentions.0.norm.gamma", "decoder.up_blocks.0.resnets.0.conv1.conv.weight"),
        ),
    ),
    config=hunyuan15_config,
    variant=lambda shapes: f"{shapes['decoder.conv_in.conv.weight'][1]} channels",
)
