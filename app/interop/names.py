"""The table of ComfyUI's class types and our nodes. To support another class type, add a line here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from app.interop.flat import NATIVE
from app.interop.image_rules import IMAGE, IMAGE_RULES
from app.interop.loader_rules import LOADER_RULES
from app.interop.mask_rules import MASK_RULES
from app.interop.orders import ORDERS, PASS_WIDGETS
from app.interop.rules import Out, Part, Rule, Same
from app.interop.sampler_parts import MODEL_OF
from app.interop.sampler_rules import LATENT, SAMPLER_RULES
from app.interop.value_rules import VALUE_RULES
from app.interop.video_rules import VIDEO_RULES
from app.interop.ways import SamplersModel

TEXT = {"clip": "CLIP"}
SIZE = {"width": 512, "height": 512, "batch_size": 1}
NEW_LATENT = Part(
    "empty_latent",
    {
        "model": SamplersModel(MODEL_OF),
        "width": Same("width"),
        "height": Same("height"),
        "batch_size": Same("batch_size"),
    },
)

TABLE = (
    *LOADER_RULES,
    Rule(
        "CLIPTextEncode",
        (Part("encode_text", {"text_encoder": Same("clip"), "prompt": Same("text")}),),
        TEXT,
        {"text": ""},
        (Out("CONDITIONING", "CONDITIONING", "conditioning"),),
    ),
    Rule("EmptySD3LatentImage", (NEW_LATENT,), {}, {**SIZE, "width": 1024, "height": 1024}, LATENT),
    Rule("EmptyLatentImage", (NEW_LATENT,), {}, SIZE, LATENT),
    Rule("EmptyFlux2LatentImage", (NEW_LATENT,), {}, {**SIZE, "width": 1024, "height": 1024}, LATENT),
    Rule(
        "FluxGuidance",
        (
            Part(
                "embedded_guidance",
                {"conditioning": Same("conditioning"), "guidance_scale": Same("guidance")},
            ),
        ),
        {"conditioning": "CONDITIONING"},
        {"guidance": 3.5},
        (Out("CONDITIONING", "CONDITIONING", "conditioning"),),
    ),
    Rule(
        "VAEDecode",
        (Part("decode_latent", {"latent": Same("samples"), "vae": Same("vae")}),),
        {"samples": "LATENT", "vae": "VAE"},
        {},
        IMAGE,
    ),
    Rule(
        "VAEEncode",
        (Part("encode_image", {"image": Same("pixels"), "vae": Same("vae")}),),
        {"pixels": "IMAGE", "vae": "VAE"},
        {},
        LATENT,
    ),
    *IMAGE_RULES,
    *MASK_RULES,
    *VIDEO_RULES,
    *VALUE_RULES,
    *SAMPLER_RULES,
)
RULES = {rule.class_type: rule for rule in TABLE}


def nothing(name: str, place: int) -> None:
    return None


FOREIGN = "comfyui."  # our type of a class type that reads like one of our own ids


def widget_order(class_type: str, chosen: Callable[[str, int], Any] = nothing) -> tuple[str, ...] | None:
    """Return the typed-in inputs of a known class type in the order of the UI format.

    `chosen(name, place)` tells what a widget is set to, as some choices bring further widgets along.
    """
    if class_type in RULES:
        return tuple(RULES[class_type].typed_in(chosen))
    return tuple(PASS_WIDGETS[class_type]) if class_type in PASS_WIDGETS else ORDERS.get(class_type)


def placeholder_type(class_type: str) -> str:
    """Return our node type for a class type that is not in the table."""
    if class_type.startswith(NATIVE):
        return class_type.removeprefix(NATIVE)
    return FOREIGN + class_type if re.fullmatch(r"[a-z][a-z0-9_]*", class_type) else class_type


def class_type_of(type: str) -> str:
    """Return the class type of a node of ours that is not in the table."""
    if type.startswith(FOREIGN):
        return type.removeprefix(FOREIGN)
    return NATIVE + type if re.fullmatch(r"[a-z][a-z0-9_]*", type) else type
