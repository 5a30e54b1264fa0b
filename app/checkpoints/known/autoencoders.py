"""Autoencoders as CompVis, Alibaba, ComfyUI and diffusers store them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

RESIDUAL = (
    ("residual.0", "norm1"),
    ("residual.2", "conv1"),
    ("residual.3", "norm2"),
    ("residual.6", "conv2"),
    ("shortcut", "conv_shortcut"),
)
ATTENTION = (("q", "to_q"), ("k", "to_k"), ("v", "to_v"), ("proj_out", "to_out.0"), ("norm", "group_norm"))
STATISTICS = ("latents_mean", "latents_std")
STRIDE = 4  # decoder modules of Wan to a level: three residual blocks and what enlarges the picture


def kl_rules(names: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules of the latent diffusion autoencoder; its decoder counts levels from the other end."""
    levels = count(names, "decoder.up")
    rules = [
        Rule(f"{half}.mid.attn_1.{theirs}", (f"{half}.mid_block.attentions.0.{ours}",), flat=True)
        for half in ("encoder", "decoder")
        for theirs, ours in ATTENTION
    ]
    rules += [
        rule("encoder.quant_conv", "quant_conv"),  # in Flux.2
        rule("decoder.post_quant_conv", "post_quant_conv"),
    ]
    for half in ("encoder", "decoder"):
        rules += [
            rule(f"{half}.mid.block_1", f"{half}.mid_block.resnets.0"),
            rule(f"{half}.mid.block_2", f"{half}.mid_block.resnets.1"),
            rule(f"{half}.norm_out", f"{half}.conv_norm_out"),
        ]
    for level in range(levels):
        ours = {"down": f"encoder.down_blocks.{level}", "up": f"decoder.up_blocks.{levels - 1 - level}"}
        for way, half in (("down", "encoder"), ("up", "decoder")):
            start = f"{half}.{way}.{level}"
            rules += [
                Rule(f"{start}.attn.*.{theirs}", (f"{ours[way]}.attentions.*.{name}",), flat=True)
                for theirs, name in ATTENTION
            ]
            rules += [
                rule(f"{start}.block.*.nin_shortcut", f"{ours[way]}.resnets.*.conv_shortcut"),
                rule(f"{start}.block.*", f"{ours[way]}.resnets.*"),
                rule(f"{start}.{way}sample", f"{ours[way]}.{way}samplers.0"),
            ]
    return tuple(rules)


def kl_renamed(names: Collection[str]) -> tuple[Rule, ...]:
    """Return the rules for files that older versions of diffusers wrote."""
    old = (("query", "to_q"), ("key", "to_k"), ("value", "to_v"), ("proj_attn", "to_out.0"))
    places = [f"{half}.mid_block.attentions.0" for half in ("encoder", "decoder")]
    return tuple(rule(f"{place}.{theirs}", f"{place}.{ours}") for place in places for theirs, ours in old)


def va_vae_rules(names: Collection[str]) -> tuple[Rule, ...]:
    ours = ("mean", "spread")
    return (*kl_rules(names), *(rule(name, own) for name, own in zip(STATISTICS, ours, strict=True)))


def kl_config(shapes: Shapes) -> dict[str, Any]:
    levels = count(shapes, "encoder.down_blocks")
    widths = [shapes[f"encoder.down_blocks.{level}.resnets.0.conv1.weight"][0] for level in range(levels)]
    attends = [f"encoder.down_blocks.{level}.attentions.0.to_q.weight" in shapes for level in range(levels)]
    return {
        "down_block_types": tuple("AttnDownEncoderBlock2D" if at else "DownEncoderBlock2D" for at in attends),
        "up_block_types": tuple("AttnUpDecoderBlock2D" if at else "UpDecoderBlock2D" for at in attends[::-1]),
        "block_out_channels": tuple(widths),
        "layers_per_block": count(shapes, "encoder.down_blocks.0.resnets"),
        "latent_channels": shapes["decoder.conv_in.weight"][1],
        "use_quant_conv": "quant_conv.weight" in shapes,
        "use_post_quant_conv": "post_quant_conv.weight" in shapes,
        "mid_block_add_attention": "encoder.mid_block.attentions.0.to_q.weight" in shapes,
    }


def wan_ends() -> list[Rule]:
    """Return the rules for what Wan's autoencoders have before, between and behind their levels."""
    rules = [rule("conv1", "quant_conv"), rule("conv2", "post_quant_conv")]
    for half in ("encoder", "decoder"):
        rules += [
            rule(f"{half}.conv1", f"{half}.conv_in"),
            rule(f"{half}.head.0", f"{half}.norm_out"),
            rule(f"{half}.head.2", f"{half}.conv_out"),
            rule(f"{half}.middle.1", f"{half}.mid_block.attentions.0"),
        ]
        for place, resnet in ((0, 0), (2, 1)):
            ours = f"{half}.mid_block.resnets.{resnet}"
            rules += [rule(f"{half}.middle.{place}.{theirs}", f"{ours}.{name}") for theirs, name in RESIDUAL]
    return rules


def wan_rules(names: Collection[str]) -> tuple[Rule, ...]:
    rules = wan_ends()
    rules += [
        rule(f"encoder.downsamples.*.{theirs}", f"encoder.down_blocks.*.{ours}") for theirs, ours in RESIDUAL
    ]
    rules.append(rule("encoder.downsamples.*", "encoder.down_blocks.*"))
    for place in range(count(names, "decoder.upsamples")):
        level, step = divmod(place, STRIDE)
        start, up = f"decoder.upsamples.{place}", f"decoder.up_blocks.{level}"
        if step == STRIDE - 1:
            rules.append(rule(start, f"{up}.upsamplers.0"))
        rules += [rule(f"{start}.{theirs}", f"{up}.resnets.{step}.{name}") for theirs, name in RESIDUAL]
    return tuple(rules)


def wan_config(shapes: Shapes) -> dict[str, Any]:
    return {
        "base_dim": shapes["encoder.conv_in.weight"][0],
        "z_dim": shapes["post_quant_conv.weight"][0],
    }


KL = Architecture(
    kind="vae",
    name="kl",
    model="AutoencoderKL",
    layouts=(
        Layout(
            "original",
            ("encoder.down.0.block.0.norm1.weight", "decoder.up.0.block.0.norm1.weight"),
            rules=kl_rules,
            ignored=("loss.", "model_ema."),
        ),
        Layout(
            DIFFUSERS,
            ("encoder.down_blocks.0.resnets.0.norm1.weight", "decoder.up_blocks.0.resnets.0.norm1.weight"),
            lacks=("encoder.down_blocks.0.resnets.0.conv1.conv.weight",),
            rules=kl_renamed,
        ),
    ),
    config=kl_config,
    variant=lambda shapes: f"{shapes['decoder.conv_in.weight'][1]} channels",
    unsupported={"32 channels": "latents_mean and latents_std in the same file (docs/models.md says how)"},
)
VA_VAE = replace(  # with the statistics that its authors keep in a file of their own
    KL,
    name="va-vae",
    model="AutoencoderVAVAE",
    layouts=(
        replace(
            KL.layouts[0],
            marks=(*KL.layouts[0].marks, *STATISTICS),
            rules=va_vae_rules,
            ignored=(*KL.layouts[0].ignored, "foundation_model.", "linear_proj."),
        ),
    ),
    config=lambda shapes: {**kl_config(shapes), "scaling_factor": 1.0},
    unsupported={},
)
FLUX2_VAE = replace(
    KL,
    name="flux2",
    model="AutoencoderKLFlux2",
    layouts=tuple(replace(layout, marks=(*layout.marks, "bn.running_mean")) for layout in KL.layouts),
    unsupported={},
)
WAN_VAE = Architecture(
    kind="vae",
    name="wan",
    model="AutoencoderKLWan",
    layouts=(
        Layout("original", ("decoder.middle.0.residual.0.gamma", "encoder.conv1.weight"), rules=wan_rules),
        Layout(DIFFUSERS, ("decoder.mid_block.resnets.0.norm1.gamma", "encoder.conv_in.weight")),
    ),
    config=wan_config,
    variant=lambda shapes: f"{shapes['post_quant_conv.weight'][0]} channels",
)
