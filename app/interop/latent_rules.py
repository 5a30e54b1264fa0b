"""The lines of the table for latents."""

from __future__ import annotations

from app.interop.differential import Differential
from app.interop.image_rules import several
from app.interop.rules import From, Out, Part, Rule, Same, Word
from app.interop.sampler_parts import MODEL_OF
from app.interop.size_rules import IMAGE
from app.interop.ways import Always, SamplersModel

LATENT = (Out("LATENT", "LATENT", "latent"),)
ONE = {"samples": "LATENT"}
TWO = {"samples1": "LATENT", "samples2": "LATENT"}
SIZE = {"width": 512, "height": 512, "batch_size": 1}
LARGE = {**SIZE, "width": 1024, "height": 1024}
TILES = {"tile_size": 512, "overlap": 64, "temporal_size": 64, "temporal_overlap": 8}
WHOLE_CLIP = "is not used here: all frames of a tile are worked on at once"
TILED = {"temporal_size": ((64, 4096), WHOLE_CLIP)}
MOST_LATENTS = 8
METHOD = Same("upscale_method")
FROM_MODEL: dict[str, From] = {"model": SamplersModel(MODEL_OF)}
NEW_LATENT = Part("empty_latent", {**FROM_MODEL, **{name: Same(name) for name in SIZE}})
NEW_VIDEO = Part(
    "empty_video_latent",
    {
        **FROM_MODEL,
        **{name: Same(name) for name in ("width", "height", "length", "batch_size")},
    },
)


def new_video(class_type: str, width: int, height: int, length: int) -> Rule:
    widgets = {"width": width, "height": height, "length": length, "batch_size": 1}
    return Rule(class_type, (NEW_VIDEO,), {}, widgets, LATENT)


def added(class_type: str, factor: float) -> Rule:
    parts: dict[str, From] = {"first": Same("samples1"), "second": Same("samples2"), "factor": Always(factor)}
    return Rule(class_type, (Part("add_latents", parts),), TWO, {}, LATENT)


LATENT_RULES = (
    Rule("EmptySD3LatentImage", (NEW_LATENT,), {}, LARGE, LATENT),
    Rule("EmptyLatentImage", (NEW_LATENT,), {}, SIZE, LATENT),
    Rule("EmptyFlux2LatentImage", (NEW_LATENT,), {}, LARGE, LATENT),
    new_video("EmptyHunyuanLatentVideo", 848, 480, 25),
    new_video("EmptyHunyuanVideo15Latent", 848, 480, 25),
    new_video("EmptyLTXVLatentVideo", 768, 512, 97),
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
        "VAEDecodeTiled",
        (
            Part(
                "decode_tiled",
                {
                    "latent": Same("samples"),
                    "vae": Same("vae"),
                    "tile": Same("tile_size"),
                    "overlap": Same("overlap"),
                    "frames": Same("temporal_size"),
                    "frame_overlap": Same("temporal_overlap"),
                },
            ),
        ),
        {"samples": "LATENT", "vae": "VAE"},
        TILES,
        IMAGE,
    ),
    Rule(
        "VAEEncodeTiled",
        (
            Part(
                "encode_tiled",
                {
                    "image": Same("pixels"),
                    "vae": Same("vae"),
                    "tile": Same("tile_size"),
                    "overlap": Same("overlap"),
                },
            ),
        ),
        {"pixels": "IMAGE", "vae": "VAE"},
        TILES,
        LATENT,
        notes=TILED,
    ),
    Rule(
        "VAEEncodeForInpaint",
        (
            Part(
                "encode_for_inpaint",
                {
                    "image": Same("pixels"),
                    "vae": Same("vae"),
                    "mask": Same("mask"),
                    "grow": Same("grow_mask_by"),
                },
            ),
        ),
        {"pixels": "IMAGE", "vae": "VAE", "mask": "MASK"},
        {"grow_mask_by": 6},
        LATENT,
    ),
    Rule(
        "SetLatentNoiseMask",
        (
            Part(
                "set_noise_mask",
                {"latent": Same("samples"), "mask": Same("mask"), "differential": Differential()},
            ),
        ),
        {**ONE, "mask": "MASK"},
        {},
        LATENT,
    ),
    Rule(
        "LatentUpscale",
        (
            Part(
                "upscale_latent",
                {
                    "latent": Same("samples"),
                    "width": Same("width"),
                    "height": Same("height"),
                    "method": METHOD,
                },
            ),
        ),
        ONE,
        {"upscale_method": "nearest-exact", "width": 512, "height": 512, "crop": "disabled"},
        LATENT,
        lambda values: (
            None if values["crop"] == "disabled" else "crop is not disabled; crop the picture instead"
        ),
    ),
    Rule(
        "LatentUpscaleBy",
        (
            Part(
                "upscale_latent_by",
                {"latent": Same("samples"), "scale": Same("scale_by"), "method": METHOD},
            ),
        ),
        ONE,
        {"upscale_method": "nearest-exact", "scale_by": 1.5},
        LATENT,
    ),
    Rule(
        "LatentCrop",
        (
            Part(
                "crop_latent",
                {
                    "latent": Same("samples"),
                    **{name: Same(name) for name in ("width", "height", "x", "y")},
                },
            ),
        ),
        ONE,
        {"width": 512, "height": 512, "x": 0, "y": 0},
        LATENT,
    ),
    Rule(
        "LatentFlip",
        (
            Part(
                "flip_latent",
                {
                    "latent": Same("samples"),
                    "direction": Word(
                        "flip_method", {"x-axis: vertically": "up-down", "y-axis: horizontally": "left-right"}
                    ),
                },
            ),
        ),
        ONE,
        {"flip_method": "x-axis: vertically"},
        LATENT,
    ),
    Rule(
        "LatentRotate",
        (Part("rotate_latent", {"latent": Same("samples"), "angle": Same("rotation")}),),
        ONE,
        {"rotation": "none"},
        LATENT,
    ),
    Rule(
        "BatchLatentsNode",
        (
            Part(
                "batch_latents",
                {**several("latents", "latents.latent", MOST_LATENTS), "noise": Always("its own")},
            ),
        ),
        {f"latents.latent{at}": "LATENT" for at in range(MOST_LATENTS)},
        {},
        LATENT,
        optional=frozenset(f"latents.latent{at}" for at in range(1, MOST_LATENTS)),
    ),
    Rule(
        "LatentBatch",
        (
            Part(
                "batch_latents",
                {
                    "latents": Same("samples1"),
                    "latents:2": Same("samples2"),
                    "noise": Always("as if alone"),
                },
            ),
        ),
        TWO,
        {},
        LATENT,
    ),
    Rule(
        "LatentFromBatch",
        (
            Part(
                "pick_latents",
                {"latent": Same("samples"), "start": Same("batch_index"), "count": Same("length")},
            ),
        ),
        ONE,
        {"batch_index": 0, "length": 1},
        LATENT,
    ),
    Rule(
        "RepeatLatentBatch",
        (Part("repeat_latent", {"latent": Same("samples"), "count": Same("amount")}),),
        ONE,
        {"amount": 1},
        LATENT,
    ),
    Rule(
        "LatentBlend",
        (
            Part(
                "blend_latents",
                {
                    "first": Same("samples1"),
                    "second": Same("samples2"),
                    "share": Same("blend_factor"),
                },
            ),
        ),
        TWO,
        {"blend_factor": 0.5},
        LATENT,
    ),
    added("LatentAdd", 1.0),
    added("LatentSubtract", -1.0),
)
