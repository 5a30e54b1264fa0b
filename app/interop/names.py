"""The table of ComfyUI's class types and our nodes. To support another class type, add a line here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from app.interop.rules import (
    FileName,
    From,
    Late,
    Named,
    Of,
    Out,
    Part,
    Rule,
    Same,
    SamplersModel,
    Shift,
    Strength,
    Via,
    Word,
    is_number,
)

SAMPLERS = {"euler": "euler", "heun": "heun"}
SCHEDULES = {"simple": "flow_schedule", "sgm_uniform": "flow_schedule"}
NEAR_SCHEDULES = {"sgm_uniform": "is taken as 'simple'; its noise levels differ by 0.003 at most"}

PASSES = {  # class types that make nothing: their output is one of their inputs
    "PrimitiveInt": "value",
    "PrimitiveFloat": "value",
    "PrimitiveString": "value",
    "PrimitiveStringMultiline": "value",
    "PrimitiveBoolean": "value",
    "ComfySwitchNode": "on_true|on_false",
    "ModelSamplingSD3": "model",
    "ModelSamplingAuraFlow": "model",
    "ModelSamplingFlux": "model",
}
READ_BY_OTHERS = {"RandomNoise": "its seed goes to the sampler"}
PASS_WIDGETS: dict[str, dict[str, Any]] = {
    "ModelSamplingSD3": {"shift": 3.0},
    "ModelSamplingAuraFlow": {"shift": 1.73},
    "ModelSamplingFlux": {"max_shift": 1.15, "base_shift": 0.5, "width": 1024, "height": 1024},
    "ComfySwitchNode": {"switch": False},
    "RandomNoise": {"noise_seed": 0},
    **{name: {"value": None} for name in PASSES if name.startswith("Primitive")},
}


def plain_shift(otherwise: float) -> Callable[[Mapping[str, Any]], float | None]:
    """Read a value called `shift`."""

    def read(values: Mapping[str, Any]) -> float | None:
        shift = values.get("shift", otherwise)
        return float(shift) if is_number(shift) else None

    return read


def flux_shift(values: Mapping[str, Any]) -> float | None:
    """Flux's shift grows with the picture: exp of a line through 256 and 4096 tokens of 16 x 16 pixels."""
    given = {**PASS_WIDGETS["ModelSamplingFlux"], **values}
    numbers = [given[name] for name in ("max_shift", "base_shift", "width", "height")]
    if not all(map(is_number, numbers)):
        return None
    largest, base, width, height = numbers
    tokens = width * height / 256
    return math.exp(base + (largest - base) * (tokens - 256) / (4096 - 256))


SHIFTS = {
    "ModelSamplingSD3": plain_shift(3.0),
    "ModelSamplingAuraFlow": plain_shift(1.73),
    "ModelSamplingFlux": flux_shift,
}
MODEL_OF: dict[str, From] = {
    "KSampler": Same("model"),
    "KSamplerAdvanced": Same("model"),
    "SamplerCustom": Same("model"),
    "SamplerCustomAdvanced": Via("guider", "model"),
}


def guidance(suffix: str = "") -> Part:
    """Return the guider of a node with positive, negative and cfg; at cfg 1 ComfyUI asks no negative."""
    pair: dict[str, From] = {"positive": Same("positive"), "negative": Same("negative")}
    alone = Part("no_guidance", {"positive": Same("positive")}, suffix)
    return Part("cfg", {**pair, "guidance_scale": Same("cfg")}, suffix, alone, {"cfg": 1})


def schedule(steps: From, strength: From, suffix: str = "") -> Part:
    return Part(
        Named("scheduler", SCHEDULES, NEAR_SCHEDULES),
        {"steps": steps, "shift": Shift("model", SHIFTS), "strength": strength},
        suffix,
    )


def sampling(model: From, seed: From, **others: From) -> Part:
    """Return the main part of a sampler node; what is not named comes from the parts beside it."""
    inputs = {
        "model": model,
        "guider": Of("guidance", "guider"),
        "sampler": Of("sampler", "sampler"),
        "sigmas": Of("schedule", "sigmas"),
        "latent": Same("latent_image"),
        "seed": seed,
    }
    return Part("sample", {**inputs, **others})


def from_beginning_to_end(values: Mapping[str, Any]) -> str | None:
    """Say what a KSamplerAdvanced asks that our sampler cannot do."""
    steps, end = values.get("steps"), values.get("end_at_step")
    if values.get("add_noise") != "enable":
        return f"add_noise is {values.get('add_noise')!r}, and our sampler always starts from fresh noise"
    if not is_number(steps) or not is_number(end) or end < steps:
        return f"end_at_step is {end}, and our sampler goes to the end of the schedule"
    return None


def with_noise(values: Mapping[str, Any]) -> str | None:
    return None if values.get("add_noise") is True else "add_noise is off, and our sampler always adds noise"


TEXT = {"clip": "CLIP"}
GUIDED = {"model": "MODEL", "positive": "CONDITIONING", "negative": "CONDITIONING"}
LATENT = (Out("LATENT", "LATENT", "latent"),)
IMAGE = (Out("IMAGE", "IMAGE", "image"),)
SAMPLED = (Out("output", "LATENT", "latent"), Out("denoised_output", "LATENT", None))
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
        "KSampler",
        (
            sampling(Same("model"), Same("seed")),
            schedule(Same("steps"), Strength(), "schedule"),
            guidance("guidance"),
            Part(Named("sampler_name", SAMPLERS), {}, "sampler"),
        ),
        {**GUIDED, "latent_image": "LATENT"},
        {"seed": 0, "steps": 20, "cfg": 8.0, "sampler_name": "euler", "scheduler": "simple", "denoise": 1.0},
        LATENT,
    ),
    Rule(
        "KSamplerAdvanced",
        (
            sampling(Same("model"), Same("noise_seed")),
            schedule(Late(rest=True), Late(rest=False), "schedule"),
            guidance("guidance"),
            Part(Named("sampler_name", SAMPLERS), {}, "sampler"),
        ),
        {**GUIDED, "latent_image": "LATENT"},
        {
            "add_noise": "enable",
            "noise_seed": 0,
            "steps": 20,
            "cfg": 8.0,
            "sampler_name": "euler",
            "scheduler": "simple",
            "start_at_step": 0,
            "end_at_step": 10000,
            "return_with_leftover_noise": "disable",
        },
        LATENT,
        from_beginning_to_end,
    ),
    Rule(
        "SamplerCustomAdvanced",
        (
            sampling(
                Via("guider", "model"),
                Via("noise", "noise_seed"),
                guider=Same("guider"),
                sampler=Same("sampler"),
                sigmas=Same("sigmas"),
            ),
        ),
        {
            "noise": "NOISE",
            "guider": "GUIDER",
            "sampler": "SAMPLER",
            "sigmas": "SIGMAS",
            "latent_image": "LATENT",
        },
        {},
        SAMPLED,
    ),
    Rule(
        "SamplerCustom",
        (
            sampling(Same("model"), Same("noise_seed"), sampler=Same("sampler"), sigmas=Same("sigmas")),
            guidance("guidance"),
        ),
        {**GUIDED, "sampler": "SAMPLER", "sigmas": "SIGMAS", "latent_image": "LATENT"},
        {"add_noise": True, "noise_seed": 0, "cfg": 8.0},
        SAMPLED,
        with_noise,
    ),
    Rule(
        "KSamplerSelect",
        (Part(Named("sampler_name", SAMPLERS)),),
        {},
        {"sampler_name": "euler"},
        (Out("SAMPLER", "SAMPLER", "sampler"),),
    ),
    Rule(
        "BasicScheduler",
        (schedule(Same("steps"), Strength()),),
        {"model": "MODEL"},
        {"scheduler": "simple", "steps": 20, "denoise": 1.0},
        (Out("SIGMAS", "SIGMAS", "sigmas"),),
    ),
    Rule("CFGGuider", (guidance(),), GUIDED, {"cfg": 8.0}, (Out("GUIDER", "GUIDER", "guider"),)),
    Rule(
        "BasicGuider",
        (Part("no_guidance", {"positive": Same("conditioning")}),),
        {"model": "MODEL", "conditioning": "CONDITIONING"},
        {},
        (Out("GUIDER", "GUIDER", "guider"),),
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
)
RULES = {rule.class_type: rule for rule in TABLE}
NATIVE = "patchloom."  # class type of a node that ComfyUI does not have: `patchloom.first_block_cache`
FOREIGN = "comfyui."  # our type of a class type that reads like one of our own ids


def widget_order(class_type: str) -> tuple[str, ...] | None:
    """Return the typed-in inputs of a known class type in the order of the UI format."""
    if class_type in RULES:
        return tuple(RULES[class_type].widgets)
    return tuple(PASS_WIDGETS[class_type]) if class_type in PASS_WIDGETS else None


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
