"""RAE with DINOv2 as its encoder, as diffusers stores it: encoder, decoder and statistics in one file."""

from __future__ import annotations

from typing import Any

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout, count
from app.checkpoints.archive import Shapes

HEADS = {768: 12}  # attention heads of decoders by width; the other published ones have 16
GRID = 16  # tokens along the side of a 256-pixel picture, where the statistics do not tell


def config(shapes: Shapes) -> dict[str, Any]:
    width, seen = shapes["decoder.decoder_embed.weight"]
    *_, patch = shapes["encoder.embeddings.patch_embeddings.projection.weight"]
    statistics = shapes["_latents_mean"]
    return {
        "statistics": statistics,
        "encoder_hidden_size": seen,
        "encoder_patch_size": patch,
        "encoder_num_hidden_layers": count(shapes, "encoder.encoder.layer"),
        "decoder_hidden_size": width,
        "decoder_num_hidden_layers": count(shapes, "decoder.decoder_layers"),
        "decoder_num_attention_heads": HEADS.get(width, 16),
        "decoder_intermediate_size": shapes["decoder.decoder_layers.0.intermediate.dense.weight"][0],
        "encoder_input_size": patch * (statistics[-1] if len(statistics) == 3 else GRID),
    }


RAE = Architecture(
    kind="vae",
    name="rae",
    model="RepresentationAutoencoder",
    layouts=(
        Layout(
            DIFFUSERS,
            (
                "encoder.embeddings.register_tokens",
                "decoder.decoder_embed.weight",
                "decoder.trainable_cls_token",
                "_latents_mean",
            ),
            ignored=("decoder.decoder_pos_embed",),
        ),
    ),
    config=config,
    variant=lambda shapes: f"{shapes['decoder.decoder_embed.weight'][1]} channels",
)
