"""The autoencoders of LTX-Video as Lightricks, ComfyUI and diffusers store them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

# Blocks of the decoder and encoder in the order of its files, by version, as diffusers calls them.
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
    variant=lambda shapes: f"{shapes['latents_mean'][0]} channels",
)
