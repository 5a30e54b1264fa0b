"""The lines of the table for transparent pictures, their shapes and grain."""

from __future__ import annotations

from app.interop.rules import Out, Part, Rule, Same, Word
from app.interop.size_rules import IMAGE, MASKED, ONE

COMPOSITES = {
    "DST": "destination",
    "SRC": "source",
    "CLEAR": "clear",
    "SRC_OVER": "over",
    "DST_OVER": "below",
    "SRC_IN": "in",
    "DST_IN": "below in",
    "SRC_OUT": "out",
    "DST_OUT": "below out",
    "SRC_ATOP": "atop",
    "DST_ATOP": "below atop",
    "XOR": "xor",
    **{name: name.lower() for name in ("ADD", "DARKEN", "LIGHTEN", "MULTIPLY", "SCREEN", "OVERLAY")},
}
SHAPES = ("erode", "dilate", "open", "close", "gradient")
LAYERS = ("source", "destination")

ALPHA_RULES = (
    Rule(
        "JoinImageWithAlpha",
        (Part("join_alpha", {"image": Same("image"), "mask": Same("alpha")}),),
        {**ONE, "alpha": "MASK"},
        {},
        IMAGE,
    ),
    Rule("SplitImageWithAlpha", (Part("split_alpha", {"image": Same("image")}),), ONE, {}, MASKED),
    Rule(
        "PorterDuffImageComposite",
        (
            Part(
                "porter_duff_composite",
                {
                    **{name: Same(name) for name in LAYERS},
                    **{f"{name}_mask": Same(f"{name}_alpha") for name in LAYERS},
                    "rule": Word("mode", COMPOSITES),
                },
            ),
        ),
        {"source": "IMAGE", "source_alpha": "MASK", "destination": "IMAGE", "destination_alpha": "MASK"},
        {"mode": "DST"},
        (Out("IMAGE", "IMAGE", "image"), Out("MASK", "MASK", "mask")),
        notes={
            "mode": (
                tuple(mode for mode in COMPOSITES if mode != "OVERLAY"),
                "differs where both pictures are half transparent: here it is W3C's",
            )
        },
    ),
    Rule(
        "ImageAddNoise",
        (Part("add_noise_to_image", {name: Same(name) for name in ("image", "seed", "strength")}),),
        ONE,
        {"seed": 0, "strength": 0.5},
        IMAGE,
    ),
    Rule(
        "Morphology",
        (
            Part(
                "morphology",
                {
                    "image": Same("image"),
                    "operation": Word(
                        "operation",
                        {
                            **{name: name for name in SHAPES},
                            "bottom_hat": "bottom hat",
                            "top_hat": "top hat",
                        },
                    ),
                    "size": Same("kernel_size"),
                },
            ),
        ),
        ONE,
        {"operation": "erode", "kernel_size": 3},
        IMAGE,
    ),
)
