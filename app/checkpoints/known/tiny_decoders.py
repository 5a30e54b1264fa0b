"""Tiny decoders for previews, as TAESD's author and diffusers store them, without their encoders."""

from __future__ import annotations

from collections.abc import Collection

from app.checkpoints.architecture import DIFFUSERS, Architecture, Layout
from app.checkpoints.rules import Rule, rule

LAYERS = 20  # of the decoder; the first has no weights, and diffusers does not count it


def author_rules(names: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule(f"{layer}", f"layers.{layer}") for layer in range(1, LAYERS))


def diffusers_rules(names: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule(f"decoder.layers.{layer - 1}", f"layers.{layer}") for layer in range(1, LAYERS))


TINY_DECODER = Architecture(
    kind="preview_decoder",
    name="tiny",
    model="TinyDecoder",
    layouts=(
        Layout("original", ("1.weight", "3.conv.0.weight", "19.weight"), rules=author_rules),
        Layout(
            DIFFUSERS,
            ("decoder.layers.0.weight", "decoder.layers.2.conv.0.weight", "decoder.layers.18.weight"),
            rules=diffusers_rules,
            ignored=("encoder.",),
        ),
    ),
    config=lambda shapes: {"latent_channels": shapes["layers.1.weight"][1]},
    variant=lambda shapes: f"{shapes['layers.1.weight'][1]} channels",
)
