"""Vision encoders as OpenAI, LAION, Google, ComfyUI and transformers store them."""

from __future__ import annotations

from collections.abc import Collection
from math import isqrt
from typing import Any

from app.checkpoints.architecture import Architecture, Layout, count
from app.checkpoints.archive import Shapes
from app.checkpoints.rules import Rule, rule

HEADS = 16  # of every published CLIP from ViT-L on; shapes do not tell
OPENAI_WIDTH = 1024  # ViT-L, the only one of them that OpenAI trained, with an activation of its own
PARTS = ("embeddings", "pre_layrnorm", "encoder", "post_layernorm")
MARKS = ("embeddings.class_embedding", "pre_layrnorm.weight", "encoder.layers.0.mlp.fc1.weight")
WRAPPER = "vision_model."
SIGLIP_MARKS = ("embeddings.patch_embedding.bias", "post_layernorm.weight", "encoder.layers.0.mlp.fc1.weight")
POOLING = "head."  # makes one vector of all; models that animate pictures read the tokens themselves
IGNORED = ("embeddings.position_ids", "visual_projection.", "logit_scale", "text_model.", "text_projection.")


def unwrapped(names: Collection[str]) -> tuple[Rule, ...]:
    return tuple(rule(f"{WRAPPER}{part}", part) for part in PARTS)


def config(shapes: Shapes) -> dict[str, Any]:
    width, _, patch, _ = shapes["embeddings.patch_embedding.weight"]
    places = shapes["embeddings.position_embedding.weight"][0] - 1  # one is for the whole picture
    return {
        "hidden_size": width,
        "intermediate_size": shapes["encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": count(shapes, "encoder.layers"),
        "num_attention_heads": HEADS,
        "patch_size": patch,
        "image_size": isqrt(places) * patch,
        "hidden_act": "quick_gelu" if width == OPENAI_WIDTH else "gelu",
    }


def siglip_config(shapes: Shapes) -> dict[str, Any]:
    width, _, patch, _ = shapes["embeddings.patch_embedding.weight"]
    return {
        "hidden_size": width,
        "intermediate_size": shapes["encoder.layers.0.mlp.fc1.weight"][0],
        "num_hidden_layers": count(shapes, "encoder.layers"),
        "num_attention_heads": HEADS,
        "patch_size": patch,
        "image_size": isqrt(shapes["embeddings.position_embedding.weight"][0]) * patch,
        "vision_use_head": False,
    }


CLIP_VISION = Architecture(
    kind="vision_encoder",
    name="clip-vision",
    model="CLIPVisionModel",
    layouts=(
        Layout(
            "wrapped",
            tuple(WRAPPER + mark for mark in MARKS),
            rules=unwrapped,
            ignored=(f"{WRAPPER}embeddings.position_ids", *IGNORED),
        ),
        Layout("flat", MARKS, ignored=IGNORED),
    ),
    config=config,
    variant=lambda shapes: f"{shapes['embeddings.class_embedding'][0]} channels",
)
SIGLIP = Architecture(
    kind="vision_encoder",
    name="siglip",
    model="SiglipVisionModel",
    layouts=(
        Layout(
            "wrapped",
            tuple(WRAPPER + mark for mark in SIGLIP_MARKS),
            rules=unwrapped,
            ignored=(f"{WRAPPER}embeddings.position_ids", WRAPPER + POOLING, "logit_bias", *IGNORED),
        ),
        Layout("flat", SIGLIP_MARKS, lacks=MARKS[:1], ignored=(POOLING, *IGNORED)),
    ),
    config=siglip_config,
    variant=lambda shapes: f"{shapes['embeddings.patch_embedding.weight'][0]} channels",
)
