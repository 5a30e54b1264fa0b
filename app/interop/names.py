"""The table of ComfyUI's class types and our nodes. To support another class type, add a line here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from app.interop.flat import NATIVE
from app.interop.orders import ORDERS, PASS_WIDGETS
from app.interop.rules import Out, Part, Rule, Same, Word
from app.interop.sampler_parts import MODEL_OF
from app.interop.sampler_rules import LATENT, SAMPLER_RULES
from app.interop.ways import FileName, SamplersModel

TEXT = {"clip": "CLIP"}
IMAGE = (Out("IMAGE", "IMAGE", "image"),)
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
TEXT_NODE = Part("text", {"value": Same("value")})
STRING = (Out("STRING", "STRING", "str"),)
RESIZED = "is not what Patchloom does: it resizes bicubic with antialiasing, so pixels differ a little"

TABLE = (
    Rule(
        "CheckpointLoaderSimple",
        (Part("load_model", {"name": Same("ckpt_name")}),),
        widgets={"ckpt_name": ""},
        outputs=(
            Out("MODEL", "MODEL", "model"),
            Out("CLIP", "CLIP", "text_encoder"),
            Out("VAE", "VAE", "vae"),
        ),
    ),
    Rule(
        "CLIPTextEncode",
        (Part("encode_text", {"text_encoder": Same("clip"), "prompt": Same("text")}),),
        TEXT,
        {"text": ""},
        (Out("CONDITIONING", "CONDITIONING", "conditioning"),),
    ),
    Rule("EmptySD3LatentImage", (NEW_LATENT,), {}, {**SIZE, "width": 1024, "height": 1024}, LATENT),
    Rule("EmptyLatentImage", (NEW_LATENT,), {}, SIZE, LATENT),
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
    Rule(
        "LoadImage",
        (Part("load_image", {"name": FileName("image")}),),
        {},
        {"image": ""},
        (*IMAGE, Out("MASK", "MASK", None)),
    ),
    Rule(
        "SaveImage",
        (Part("save_image", {"image": Same("images"), "prefix": Same("filename_prefix")}),),
        {"images": "IMAGE"},
        {"filename_prefix": "ComfyUI"},
    ),
    Rule(
        "PrimitiveInt",
        (Part("integer", {"value": Same("value")}),),
        {},
        {"value": 0},
        (Out("INT", "INT", "int"),),
    ),
    Rule(
        "PrimitiveFloat",
        (Part("number", {"value": Same("value")}),),
        {},
        {"value": 0.0},
        (Out("FLOAT", "FLOAT", "float"),),
    ),
    Rule("PrimitiveStringMultiline", (TEXT_NODE,), {}, {"value": ""}, STRING),
    Rule("PrimitiveString", (TEXT_NODE,), {}, {"value": ""}, STRING),
    Rule(
        "StringReplace",
        (
            Part(
                "replace_text",
                {"text": Same("string"), "find": Same("find"), "replacement": Same("replace")},
            ),
        ),
        {},
        {"string": "", "find": "", "replace": ""},
        STRING,
        lambda values: (
            "find is empty, which puts the new text between all letters" if values["find"] == "" else None
        ),
    ),
    Rule(
        "ComfySwitchNode",
        (
            Part(
                "switch",
                {"condition": Same("switch"), "on_true": Same("on_true"), "on_false": Same("on_false")},
            ),
        ),
        {"on_false": "*", "on_true": "*"},
        {"switch": False},
        (Out("output", "*", "any"),),
    ),
    Rule("PreviewImage", (Part("preview_image", {"image": Same("images")}),), {"images": "IMAGE"}),
    Rule(
        "ImageScale",
        (
            Part(
                "resize_image",
                {
                    "image": Same("image"),
                    "width": Same("width"),
                    "height": Same("height"),
                    "fit": Word("crop", {"disabled": "stretch", "center": "crop"}),
                },
            ),
        ),
        {"image": "IMAGE"},
        {"upscale_method": "bicubic", "width": 512, "height": 512, "crop": "disabled"},
        IMAGE,
        notes={"upscale_method": ((), RESIZED)},
    ),
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
