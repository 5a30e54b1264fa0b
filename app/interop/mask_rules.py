"""The lines of the table for masks."""

from __future__ import annotations

from app.interop.rules import Out, Part, Rule, Same, Word
from app.interop.size_rules import IMAGE
from app.interop.ways import Color, FileName

MASK = (Out("MASK", "MASK", "mask"),)
ONE = {"mask": "MASK"}
COLORS = {word: word for word in ("red", "green", "blue")}
BORDERS = ("left", "top", "right", "bottom")

MASK_RULES = (
    Rule(
        "LoadImageMask",
        (
            Part(
                "load_mask",
                {"name": FileName("image"), "channel": Word("channel", {"alpha": "transparency", **COLORS})},
            ),
        ),
        {},
        {"image": "", "channel": "alpha"},
        MASK,
    ),
    Rule(
        "ImageToMask",
        (Part("image_to_mask", {"image": Same("image"), "channel": Word("channel", COLORS)}),),
        {"image": "IMAGE"},
        {"channel": "red"},
        MASK,
    ),
    Rule(
        "ImageColorToMask",
        (Part("mask_from_color", {"image": Same("image"), "color": Color("color")}),),
        {"image": "IMAGE"},
        {"color": 0},
        MASK,
    ),
    Rule("MaskToImage", (Part("mask_to_image", {"mask": Same("mask")}),), ONE, {}, IMAGE),
    Rule(
        "MaskPreview",
        (Part("preview_mask", {"mask": Same("mask")}),),
        ONE,
        {},
        (Out("mask", "MASK", "mask"),),
    ),
    Rule(
        "SolidMask",
        (Part("solid_mask", {name: Same(name) for name in ("value", "width", "height")}),),
        {},
        {"value": 1.0, "width": 512, "height": 512},
        MASK,
    ),
    Rule("InvertMask", (Part("invert_mask", {"mask": Same("mask")}),), ONE, {}, MASK),
    Rule(
        "CropMask",
        (Part("crop_mask", {name: Same(name) for name in ("mask", "x", "y", "width", "height")}),),
        ONE,
        {"x": 0, "y": 0, "width": 512, "height": 512},
        MASK,
    ),
    Rule(
        "MaskComposite",
        (
            Part(
                "combine_masks",
                {
                    "mask": Same("destination"),
                    "other": Same("source"),
                    **{name: Same(name) for name in ("x", "y", "operation")},
                },
            ),
        ),
        {"destination": "MASK", "source": "MASK"},
        {"x": 0, "y": 0, "operation": "multiply"},
        MASK,
    ),
    Rule(
        "FeatherMask",
        (Part("feather_mask", {name: Same(name) for name in ("mask", *BORDERS)}),),
        ONE,
        dict.fromkeys(BORDERS, 0),
        MASK,
    ),
    Rule(
        "GrowMask",
        (Part("grow_mask", {name: Same(name) for name in ("mask", "expand", "tapered_corners")}),),
        ONE,
        {"expand": 0, "tapered_corners": True},
        MASK,
    ),
    Rule(
        "ThresholdMask",
        (Part("threshold_mask", {"mask": Same("mask"), "threshold": Same("value")}),),
        ONE,
        {"value": 0.5},
        MASK,
    ),
)
