"""Autoencoders of videos as Alibaba (Wan 2.2), Lightricks, Tencent, ComfyUI and diffusers store them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
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
# Blocks of LTX-Video's decoder and encoder in the order of its files, by version, as diffusers calls them.
LTX_OLD_DECODER = (
    *("mid_block", "up_blocks.0", "up_blocks.1.upsamplers.0", "up_blocks.1", "up_blocks.2.conv_in"),
    *("up_blocks.2.upsamplers.0", "up_blocks.2", "up_blocks.3.conv_in", "up_blocks.3.upsamplers.0"),
    "up_blocks.3",
)
LTX_DECODER = (
    *("mid_block", "up_blocks.0.upsamplers.0", "up_blocks.0", "up_blocks.1.upsamplers.0", "up_blocks.1"),
    *("up_blocks.2.upsamplers.0", "up_blocks.2", "up_blocks.3.upsamplers.0", "up_blocks.3"),
)
LTX_OLD_ENCODER = (
    *("down_blocks.0", "down_blocks.0.downsamplers.0", "down_blocks.0.conv_out", "down_blocks.1"),
    *("down_blocks.1.downsamplers.0", "down_blocks.1.conv_out", "down_blocks.2"),
    *("down_blocks.2.downsamplers.0", "down_blocks.3", "mid_block"),
)
LTX_ENCODER = (
    *("down_blocks.0", "down_blocks.0.downsamplers.0", "down_blocks.1", "down_blocks.1.downsamplers.0"),
    *("down_blocks.2", "down_blocks.2.downsamplers.0", "down_blocks.3", "down_blocks.3.downsamplers.0"),
    "mid_block",
)
ENLARGED = 8  # cells that one becomes: two along time and each side
TIME = "time_embedder.timestep_embedder.linear_1.weight"


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


def ltx_blocks(half: str, way: str, names: tuple[str, ...]) -> Iterator[Rule]:
    """Yield the rules of numbered blocks, the most particular first, so that they can be turned round."""
    for number, name in sorted(enumerate(names), key=lambda entry: -len(entry[1])):
        theirs, ours = f"{half}.{way}_blocks.{number}", f"{half}.{name}"
        yield rule(f"{theirs}.res_blocks.*.conv_shortcut", f"{ours}.resnets.*.conv_shortcut.conv")
        yield rule(f"{theirs}.res_blocks.*.norm3.norm", f"{ours}.resnets.*.norm3")
        yield rule(f"{theirs}.res_blocks.*", f"{ours}.resnets.*")
        yield rule(f"{theirs}.conv_shortcut", f"{ours}.conv_shortcut.conv")
        yield rule(f"{theirs}.norm3.norm", f"{ours}.norm3")
        yield rule(theirs, ours)


def ltx_rules(
    encoder: tuple[str, ...], decoder: tuple[str, ...]
) -> Callable[[Collection[str]], tuple[Rule, ...]]:
    rules = (
        *ltx_blocks("encoder", "down", encoder),
        *ltx_blocks("decoder", "up", decoder),
        rule("decoder.last_time_embedder", "decoder.time_embedder"),
        rule("decoder.last_scale_shift_table", "decoder.scale_shift_table"),
        rule("per_channel_statistics.mean-of-means", "latents_mean"),
        rule("per_channel_statistics.std-of-means", "latents_std"),
    )
    return lambda names: rules


def ltx_layout(
    version: str, marks: tuple[str, ...], lacks: tuple[str, ...], blocks: tuple[tuple[str, ...], ...]
) -> Layout:
    common = ("per_channel_statistics.std-of-means", "decoder.up_blocks.0.res_blocks.0.conv1.conv.weight")
    return Layout(
        f"original {version}",
        (*common, *marks),
        lacks,
        ltx_rules(*blocks),
        ignored=("per_channel_statistics.channel", "per_channel_statistics.mean-of-stds"),
    )


def ltx_config(shapes: Shapes) -> dict[str, Any]:
    """Return the sizes; versions differ in how blocks shrink and enlarge, which names and shapes tell."""
    return {**ltx_encoder(shapes), **ltx_decoder(shapes), "latent_channels": shapes["latents_mean"][0]}


def ltx_encoder(shapes: Shapes) -> dict[str, Any]:
    levels = count(shapes, "encoder.down_blocks")
    places = [f"encoder.down_blocks.{level}" for level in range(levels)] + ["encoder.mid_block"]
    widths = tuple(shapes[f"{place}.resnets.0.conv1.conv.weight"][0] for place in places)
    layers = tuple(count(shapes, f"{place}.resnets") for place in places)
    if "encoder.down_blocks.0.downsamplers.0.conv.weight" in shapes:
        shrinks = [f"{place}.downsamplers.0.conv.weight" in shapes for place in places[:-1]]
        sizes = {"block_out_channels": widths[:-1], "spatio_temporal_scaling": tuple(shrinks)}
        return {**sizes, "layers_per_block": layers}
    return {
        "block_out_channels": widths,
        "layers_per_block": layers,
        "down_block_types": ("LTXVideo095DownBlock3D",) * levels,
        "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        "spatio_temporal_scaling": (True,) * levels,
        "spatial_compression_ratio": 32,
        "temporal_compression_ratio": 8,
    }


def ltx_decoder(shapes: Shapes) -> dict[str, Any]:
    """Return the sizes of the decoder, which diffusers lists from the picture's end."""
    levels = count(shapes, "decoder.up_blocks")
    places = ["decoder.mid_block"] + [f"decoder.up_blocks.{level}" for level in range(levels)]
    widths = [shapes[f"{place}.resnets.0.conv1.conv.weight"][0] for place in places]
    growing = [f"{place}.upsamplers.0.conv.conv.weight" for place in places[1:]]
    more, fewer, *_ = next(shapes[name] for name in growing if name in shapes)
    factor = ENLARGED * fewer // more
    noisy = (f"{place}.resnets.0.per_channel_scale1" in shapes for place in places)
    return {
        "decoder_block_out_channels": tuple(widths[1:] if factor == 1 else widths[:-1])[::-1],
        "decoder_layers_per_block": tuple(count(shapes, f"{place}.resnets") for place in places)[::-1],
        "decoder_spatio_temporal_scaling": tuple(name in shapes for name in growing)[::-1],
        "decoder_inject_noise": tuple(noisy)[::-1],
        "upsample_residual": (factor > 1,) * levels,
        "upsample_factor": (factor,) * levels,
        "timestep_conditioning": f"decoder.{TIME}" in shapes,
    }


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


def channels_of(name: str) -> Callable[[Shapes], str]:
    return lambda shapes: f"{shapes[name][0]} channels"


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
    variant=channels_of("post_quant_conv.weight"),
)
LTX_VAE = Architecture(
    kind="vae",
    name="ltx-video",
    model="AutoencoderKLLTXVideo",
    layouts=(
        ltx_layout(
            "0.9.0",
            ("decoder.up_blocks.9.res_blocks.0.conv1.conv.weight",),
            (),
            (LTX_OLD_ENCODER, LTX_OLD_DECODER),
        ),
        ltx_layout(
            "0.9.1",
            ("encoder.down_blocks.9.res_blocks.0.conv1.conv.weight",),
            ("decoder.up_blocks.9.res_blocks.0.conv1.conv.weight",),
            (LTX_OLD_ENCODER, LTX_DECODER),
        ),
        ltx_layout(
            "0.9.5",
            ("encoder.down_blocks.8.res_blocks.0.conv1.conv.weight",),
            ("encoder.down_blocks.9.res_blocks.0.conv1.conv.weight",),
            (LTX_ENCODER, LTX_DECODER),
        ),
        Layout(
            DIFFUSERS,
            ("latents_mean", "decoder.mid_block.resnets.0.conv1.conv.weight", "encoder.conv_in.conv.weight"),
            lacks=("decoder.conv_norm_out.weight",),
        ),
    ),
    config=ltx_config,
    variant=channels_of("latents_mean"),
)
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
    variant=channels_of("post_quant_conv.weight"),
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
