"""The lines of the table for the size and place of pictures."""

from __future__ import annotations

from app.interop.rules import Named, Out, Part, Rule, Same, Word
from app.interop.ways import Always, OneOf, Picture

IMAGE = (Out("IMAGE", "IMAGE", "image"),)
MASKED = (*IMAGE, Out("MASK", "MASK", "mask"))
ONE = {"image": "IMAGE"}
METHODS = {
    "nearest-exact": "nearest",
    "bilinear": "bilinear",
    "area": "area",
    "bicubic": "bicubic",
    "lanczos": "lanczos",
}
METHOD = Word("upscale_method", METHODS)
SMOOTHED = "is smoothed here when pictures shrink, so pixels differ a little"
SHARP = ("nearest-exact", "area", "lanczos")  # methods that come out the same
SCALED = {"upscale_method": (SHARP, SMOOTHED)}
CROP = {"disabled": "stretch", "center": "crop"}
COLORS = {
    "white": "#ffffff",
    "black": "#000000",
    "red": "#ff0000",
    "green": "#00ff00",
    "blue": "#0000ff",
}
SIDES = {
    "scale longer dimension": ("resize_type.longer_size", "longest"),
    "scale shorter dimension": ("resize_type.shorter_size", "shortest"),
    "scale width": ("resize_type.width", "width"),
    "scale height": ("resize_type.height", "height"),
}
RESIZE = Part(
    Named(
        "resize_type",
        {
            "scale dimensions": "resize_image",
            "scale by multiplier": "scale_image",
            **dict.fromkeys(SIDES, "scale_to_side"),
            "scale total pixels": "scale_to_megapixels",
            "match size": "match_size",
            "scale to multiple": "scale_to_multiple",
        },
        inputs={
            "resize_image": {
                "width": Same("resize_type.width"),
                "height": Same("resize_type.height"),
                "fit": Word("resize_type.crop", CROP),
            },
            "scale_image": {"scale": Same("resize_type.multiplier")},
            "scale_to_side": {
                "side": Word("resize_type", {word: side for word, (_, side) in SIDES.items()}),
                "length": OneOf("resize_type", {word: input for word, (input, _) in SIDES.items()}),
            },
            "scale_to_megapixels": {
                "megapixels": Same("resize_type.megapixels"),
                "multiple": Same("resize_type.multiple"),
            },
            "match_size": {"like": Same("resize_type.match"), "fit": Word("resize_type.crop", CROP)},
            "scale_to_multiple": {"multiple": Same("resize_type.multiple")},
        },
    ),
    {"image": Picture("input"), "method": Word("scale_method", METHODS)},
)

SIZE_RULES = (
    Rule(
        "ImageScale",
        (
            Part(
                "resize_image",
                {
                    "image": Same("image"),
                    "width": Same("width"),
                    "height": Same("height"),
                    "fit": Word("crop", CROP),
                    "method": METHOD,
                },
            ),
        ),
        ONE,
        {"upscale_method": "nearest-exact", "width": 512, "height": 512, "crop": "disabled"},
        IMAGE,
        notes=SCALED,
    ),
    Rule(
        "ImageScaleBy",
        (Part("scale_image", {"image": Same("image"), "scale": Same("scale_by"), "method": METHOD}),),
        ONE,
        {"upscale_method": "nearest-exact", "scale_by": 1.0},
        IMAGE,
        notes=SCALED,
    ),
    Rule(
        "ImageScaleToTotalPixels",
        (
            Part(
                "scale_to_megapixels",
                {
                    "image": Same("image"),
                    "megapixels": Same("megapixels"),
                    "multiple": Same("resolution_steps"),
                    "method": METHOD,
                },
            ),
        ),
        ONE,
        {"upscale_method": "nearest-exact", "megapixels": 1.0, "resolution_steps": 1},
        IMAGE,
        notes=SCALED,
    ),
    Rule(
        "ImageScaleToMaxDimension",
        (
            Part(
                "scale_to_side",
                {
                    "image": Same("image"),
                    "length": Same("largest_size"),
                    "side": Always("longest"),
                    "method": METHOD,
                },
            ),
        ),
        ONE,
        {"upscale_method": "area", "largest_size": 512},
        IMAGE,
        notes=SCALED,
    ),
    Rule(
        "ResizeImageMaskNode",
        (RESIZE,),
        {"input": "IMAGE,MASK", "resize_type.match": "IMAGE,MASK"},
        {"resize_type": "scale dimensions", "scale_method": "area"},
        (Out("resized", "IMAGE", "image"),),
        notes={"scale_method": (SHARP, SMOOTHED)},
        more={
            "resize_type": {
                "scale dimensions": {
                    "resize_type.width": 512,
                    "resize_type.height": 512,
                    "resize_type.crop": "center",
                },
                "scale by multiplier": {"resize_type.multiplier": 1.0},
                "scale longer dimension": {"resize_type.longer_size": 512},
                "scale shorter dimension": {"resize_type.shorter_size": 512},
                "scale width": {"resize_type.width": 512},
                "scale height": {"resize_type.height": 512},
                "scale to multiple": {"resize_type.multiple": 8},
                "scale total pixels": {"resize_type.megapixels": 1.0, "resize_type.multiple": 1},
                "match size": {"resize_type.crop": "center"},
            }
        },
        optional=frozenset({"resize_type.match"}),
    ),
    Rule(
        "ResizeAndPadImage",
        (
            Part(
                "resize_image",
                {
                    "image": Same("image"),
                    "width": Same("target_width"),
                    "height": Same("target_height"),
                    "fit": Always("pad"),
                    "color": Word("padding_color", {word: COLORS[word] for word in ("white", "black")}),
                    "method": Word("interpolation", METHODS),
                },
            ),
        ),
        ONE,
        {"target_width": 512, "target_height": 512, "padding_color": "white", "interpolation": "area"},
        IMAGE,
        notes={"interpolation": (SHARP, SMOOTHED)},
    ),
    Rule(
        "FluxKontextImageScale",
        (Part("scale_for_kontext", {"image": Same("image")}),),
        ONE,
        {},
        IMAGE,
    ),
    Rule(
        "GetImageSize",
        (Part("image_size", {"image": Same("image")}),),
        ONE,
        {},
        (
            Out("width", "INT", "width"),
            Out("height", "INT", "height"),
            Out("batch_size", "INT", "batch_size"),
        ),
    ),
    Rule(
        "ImageCrop",
        (Part("crop_image", {name: Same(name) for name in ("image", "width", "height", "x", "y")}),),
        ONE,
        {"width": 512, "height": 512, "x": 0, "y": 0},
        IMAGE,
    ),
    Rule(
        "ImagePadForOutpaint",
        (
            Part(
                "pad_image",
                {
                    **{name: Same(name) for name in ("image", "left", "top", "right", "bottom")},
                    "feather": Same("feathering"),
                },
            ),
        ),
        ONE,
        {"left": 0, "top": 0, "right": 0, "bottom": 0, "feathering": 40},
        MASKED,
    ),
    Rule(
        "ImageRotate",
        (
            Part(
                "rotate_image",
                {
                    "image": Same("image"),
                    "angle": Word(
                        "rotation",
                        {"none": 0.0, "90 degrees": 90.0, "180 degrees": 180.0, "270 degrees": 270.0},
                    ),
                },
            ),
        ),
        ONE,
        {"rotation": "none"},
        IMAGE,
    ),
    Rule(
        "ImageFlip",
        (
            Part(
                "flip_image",
                {
                    "image": Same("image"),
                    "axis": Word(
                        "flip_method", {"x-axis: vertically": "up-down", "y-axis: horizontally": "left-right"}
                    ),
                },
            ),
        ),
        ONE,
        {"flip_method": "x-axis: vertically"},
        IMAGE,
    ),
)
