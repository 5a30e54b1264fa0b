"""The lines of the table for prompts."""

from __future__ import annotations

from app.interop.differential import Differential
from app.interop.rules import From, Of, Out, Part, Rule, Same
from app.interop.ways import Always

CONDITIONING = (Out("CONDITIONING", "CONDITIONING", "conditioning"),)
ONE = {"conditioning": "CONDITIONING"}
TWO = {"conditioning_to": "CONDITIONING", "conditioning_from": "CONDITIONING"}
BOTH = {"first": Same("conditioning_to"), "second": Same("conditioning_from")}
BRANCHES = ("positive", "negative")
SHOWN = {**dict.fromkeys(BRANCHES, "CONDITIONING"), "vae": "VAE", "pixels": "IMAGE"}
BESIDE = (
    *(Out(name, "CONDITIONING", name) for name in BRANCHES),
    Out("latent", "LATENT", "latent"),
)
BESIDE_FROM: dict[str, From] = {
    **{name: Same(name) for name in (*BRANCHES, "vae")},
    "image": Same("pixels"),
}
EDITED: dict[str, From] = {"text_encoder": Same("clip"), "vae": Same("vae"), "prompt": Same("prompt")}
SEVERAL = {"images": Same("image1"), "images:2": Same("image2"), "images:3": Same("image3")}
AREA = ("width", "height", "x", "y", "strength")

CONDITIONING_RULES = (
    Rule(
        "CLIPTextEncode",
        (Part("encode_text", {"text_encoder": Same("clip"), "prompt": Same("text")}),),
        {"clip": "CLIP"},
        {"text": ""},
        CONDITIONING,
    ),
    Rule(
        "FluxGuidance",
        (
            Part(
                "embedded_guidance",
                {"conditioning": Same("conditioning"), "guidance_scale": Same("guidance")},
            ),
        ),
        ONE,
        {"guidance": 3.5},
        CONDITIONING,
    ),
    Rule(
        "CLIPTextEncodeFlux",
        (
            Part(
                "embedded_guidance",
                {"conditioning": Of("text", "conditioning"), "guidance_scale": Same("guidance")},
            ),
            Part("encode_text", {"text_encoder": Same("clip"), "prompt": Same("t5xxl")}, "text"),
        ),
        {"clip": "CLIP"},
        {"clip_l": "", "t5xxl": "", "guidance": 3.5},
        CONDITIONING,
        notes={"clip_l": (("",), "is not read: CLIP gets the words of t5xxl, too")},
    ),
    Rule(
        "ConditioningZeroOut",
        (Part("zero_conditioning", {"conditioning": Same("conditioning")}),),
        ONE,
        {},
        CONDITIONING,
    ),
    Rule(
        "ConditioningCombine",
        (
            Part(
                "combine_conditionings",
                {"first": Same("conditioning_1"), "second": Same("conditioning_2")},
            ),
        ),
        {"conditioning_1": "CONDITIONING", "conditioning_2": "CONDITIONING"},
        {},
        CONDITIONING,
    ),
    Rule(
        "ConditioningAverage",
        (Part("average_conditionings", {**BOTH, "share": Same("conditioning_to_strength")}),),
        TWO,
        {"conditioning_to_strength": 1.0},
        CONDITIONING,
    ),
    Rule("ConditioningConcat", (Part("concat_conditionings", BOTH),), TWO, {}, CONDITIONING),
    Rule(
        "ConditioningSetAreaPercentage",
        (Part("limit_to_area", {name: Same(name) for name in ("conditioning", *AREA)}),),
        ONE,
        {"width": 1.0, "height": 1.0, "x": 0.0, "y": 0.0, "strength": 1.0},
        CONDITIONING,
    ),
    Rule(
        "ConditioningSetMask",
        (Part("limit_to_mask", {name: Same(name) for name in ("conditioning", "mask", "strength")}),),
        {**ONE, "mask": "MASK"},
        {"strength": 1.0, "set_cond_area": "default"},
        CONDITIONING,
        lambda values: None if values["set_cond_area"] == "default" else "set_cond_area is not 'default'",
    ),
    Rule(
        "ConditioningSetTimestepRange",
        (Part("limit_to_steps", {name: Same(name) for name in ("conditioning", "start", "end")}),),
        ONE,
        {"start": 0.0, "end": 1.0},
        CONDITIONING,
    ),
    Rule(
        "TextEncodeQwenImageEditPlus",
        (Part("encode_edit", {**EDITED, **SEVERAL, "version": Always("2509 and later")}),),
        {"clip": "CLIP", "vae": "VAE", "image1": "IMAGE", "image2": "IMAGE", "image3": "IMAGE"},
        {"prompt": ""},
        CONDITIONING,
        optional=frozenset({"vae", "image1", "image2", "image3"}),
    ),
    Rule(
        "TextEncodeQwenImageEdit",
        (Part("encode_edit", {**EDITED, "images": Same("image"), "version": Always("first")}),),
        {"clip": "CLIP", "vae": "VAE", "image": "IMAGE"},
        {"prompt": ""},
        CONDITIONING,
        optional=frozenset({"vae", "image"}),
    ),
    Rule(
        "InpaintModelConditioning",
        (
            Part(
                "inpaint_conditioning",
                {
                    **BESIDE_FROM,
                    "mask": Same("mask"),
                    "keep_outside": Same("noise_mask"),
                    "differential": Differential(),
                },
            ),
        ),
        {**SHOWN, "mask": "MASK"},
        {"noise_mask": True},
        BESIDE,
    ),
    Rule(
        "InstructPixToPixConditioning",
        (Part("control_conditioning", BESIDE_FROM),),
        SHOWN,
        {},
        BESIDE,
    ),
    Rule(
        "ReferenceLatent",
        (Part("reference_latent", {name: Same(name) for name in ("conditioning", "latent")}),),
        {**ONE, "latent": "LATENT"},
        {},
        CONDITIONING,
    ),
)
