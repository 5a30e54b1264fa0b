"""The autoencoder of Wan 2.2 as Alibaba, ComfyUI and diffusers store it."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout
from app.checkpoints.archive import Shapes
from app.checkpoints.known.autoencoders import RESIDUAL, wan_ends
from app.checkpoints.rules import Rule, rule

HALVES = ("encoder", "decoder")
# Mean and spread of the 48 channels over the videos that Wan 2.2 was trained on; no file holds them.
WAN22_MEAN = (
    *(-0.2289, -0.0052, -0.1323, -0.2339, -0.2799, 0.0174, 0.1838, 0.1557, -0.1382, 0.0542, 0.2813, 0.0891),
    *(0.1570, -0.0098, 0.0375, -0.1825, -0.2246, -0.1207, -0.0698, 0.5109, 0.2665, -0.2108, -0.2158, 0.2502),
    *(-0.2055, -0.0322, 0.1109, 0.1567, -0.0729, 0.0899, -0.2799, -0.1230, -0.0313, -0.1649, 0.0117, 0.0723),
    *(-0.2839, -0.2083, -0.0520, 0.3748, 0.0152, 0.1957, 0.1433, -0.2944, 0.3573, -0.0548, -0.1681, -0.0667),
)
WAN22_SPREAD = (
    *(0.4765, 1.0364, 0.4514, 1.1677, 0.5313, 0.4990, 0.4818, 0.5013, 0.8158, 1.0344, 0.5894, 1.0901),
    *(0.6885, 0.6165, 0.8454, 0.4978, 0.5759, 0.3523, 0.7135, 0.6804, 0.5833, 1.4146, 0.8986, 0.5659),
    *(0.7069, 0.5338, 0.4889, 0.4917, 0.4069, 0.4999, 0.6866, 0.4093, 0.5709, 0.6065, 0.6415, 0.4944),
    *(0.5726, 1.2042, 0.5458, 1.6887, 0.3971, 1.0600, 0.3943, 0.5537, 0.5444, 0.4089, 0.7468, 0.7744),
)
WAN22_BLOCKS = {"down": 2, "up": 3}  # residual blocks of a level; what shrinks or enlarges comes after them
WIDEST = 4  # times the width of the first level has the last one


def wan22_rules(names: Collection[str]) -> tuple[Rule, ...]:
    rules = list(wan_ends())
    for half, way in zip(HALVES, WAN22_BLOCKS, strict=True):
        start, ours = f"{half}.{way}samples.*.{way}samples", f"{half}.{way}_blocks.*"
        rules.append(rule(f"{start}.{WAN22_BLOCKS[way]}", f"{ours}.{way}sampler"))
        rules += [rule(f"{start}.*.{theirs}", f"{ours}.resnets.*.{name}") for theirs, name in RESIDUAL]
    return tuple(rules)


def wan22_config(shapes: Shapes) -> dict[str, Any]:
    channels, width = shapes["post_quant_conv.weight"][0], shapes["decoder.conv_in.weight"][0]
    told: dict[str, Any] = {}
    if channels == len(WAN22_MEAN):
        told = {"latents_mean": list(WAN22_MEAN), "latents_std": list(WAN22_SPREAD)}
    return {
        "base_dim": shapes["encoder.conv_in.weight"][0],
        "decoder_base_dim": width // WIDEST,
        "z_dim": channels,
        "is_residual": True,
        "in_channels": shapes["encoder.conv_in.weight"][1],
        "out_channels": shapes["decoder.conv_out.weight"][0],
        "patch_size": 2,
        "scale_factor_spatial": 16,
        **told,
    }


WAN22_VAE = Architecture(
    kind="vae",
    name="wan2.2",
    model="AutoencoderKLWan",
    layouts=(
        Layout(
            "original",
            ("decoder.upsamples.0.upsamples.0.residual.2.weight", "encoder.conv1.weight"),
            rules=wan22_rules,
        ),
        Layout(DIFFUSERS, ("decoder.up_blocks.0.upsampler.resample.1.weight", "encoder.conv_in.weight")),
    ),
    config=wan22_config,
    variant=lambda shapes: f"{shapes['post_quant_conv.weight'][0]} channels",
)
