"""The lines of the table for latents that are cut, joined, laid over each other and split."""

from __future__ import annotations

from app.interop.latent_rules import LATENT, ONE, TWO
from app.interop.rules import Part, Rule, Same, Word
from app.interop.ways import Always

CUT = {"x": "x", "y": "y", "t": "frames"}
SIDES = {"x": "right", "-x": "left", "y": "below", "-y": "above", "t": "after", "-t": "before"}
PLACE = {"x": Same("x"), "y": Same("y")}
ALL_FRAMES = 100_000
BOTH = {"first": Same("samples1"), "second": Same("samples2")}

LATENT_JOIN_RULES = (
    Rule(
        "LatentCut",
        (
            Part(
                "cut_latent",
                {
                    "latent": Same("samples"),
                    "axis": Word("dim", CUT),
                    "start": Same("index"),
                    "amount": Same("amount"),
                },
            ),
        ),
        ONE,
        {"dim": "x", "index": 0, "amount": 1},
        LATENT,
    ),
    Rule(
        "TrimVideoLatent",
        (
            Part(
                "cut_latent",
                {
                    "latent": Same("samples"),
                    "start": Same("trim_amount"),
                    "axis": Always("frames"),
                    "amount": Always(ALL_FRAMES),
                },
            ),
        ),
        ONE,
        {"trim_amount": 0},
        LATENT,
    ),
    Rule(
        "LatentConcat",
        (Part("concat_latents", {**BOTH, "side": Word("dim", SIDES)}),),
        TWO,
        {"dim": "x"},
        LATENT,
    ),
    Rule(
        "LatentMultiply",
        (Part("scale_latent", {"latent": Same("samples"), "factor": Same("multiplier")}),),
        ONE,
        {"multiplier": 1.0},
        LATENT,
    ),
    Rule(
        "LatentInterpolate",
        (Part("interpolate_latents", {**BOTH, "share": Same("ratio")}),),
        TWO,
        {"ratio": 1.0},
        LATENT,
    ),
    Rule(
        "LatentCompositeMasked",
        (
            Part(
                "composite_latents",
                {
                    "latent": Same("destination"),
                    "overlay": Same("source"),
                    "mask": Same("mask"),
                    **PLACE,
                    "resize_overlay": Same("resize_source"),
                    "feather": Always(0),
                },
            ),
        ),
        {"destination": "LATENT", "source": "LATENT", "mask": "MASK"},
        {"x": 0, "y": 0, "resize_source": False},
        LATENT,
        optional=frozenset({"mask"}),
    ),
    Rule(
        "LatentComposite",
        (
            Part(
                "composite_latents",
                {
                    "latent": Same("samples_to"),
                    "overlay": Same("samples_from"),
                    **PLACE,
                    "feather": Same("feather"),
                },
            ),
        ),
        {"samples_to": "LATENT", "samples_from": "LATENT"},
        {"x": 0, "y": 0, "feather": 0},
        LATENT,
    ),
    Rule(
        "RebatchLatents",
        (Part("split_latents", {"latent": Same("latents"), "size": Same("batch_size")}),),
        {"latents": "LATENT"},
        {"batch_size": 1},
        LATENT,
    ),
    Rule(
        "LatentBatchSeedBehavior",
        (
            Part(
                "batch_noise",
                {
                    "latent": Same("samples"),
                    "noise": Word("seed_behavior", {"fixed": "the same", "random": "its own"}),
                },
            ),
        ),
        ONE,
        {"seed_behavior": "fixed"},
        LATENT,
    ),
)
