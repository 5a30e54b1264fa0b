"""The lines of the table for pictures."""

from __future__ import annotations

from app.interop.rules import From, Named, Out, Part, Rule, Same, Word
from app.interop.ways import Always, Color, FileName, OneOf, Picture, Times

IMAGE = (Out("IMAGE", "IMAGE", "image"),)
MASKED = (*IMAGE, Out("MASK", "MASK", "mask"))
ONE = {"image": "IMAGE"}
TWO = {"image1": "IMAGE", "image2": "IMAGE"}
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
MOST_IMAGES = 16


def several(name: str, each: str, most: int) -> dict[str, From]:
    """Return the ways of a list: `each` with a number in ComfyUI, further wires into `name` here."""
    return {f"{name}:{at + 1}" if at else name: Same(f"{each}{at}") for at in range(most)}


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
                "scale total pixels": {"resize_type.megapixels": 1.0, "resize_type.multiple": 1},
                "match size": {"resize_type.crop": "center"},
                "scale to multiple": {"resize_type.multiple": 8},
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
IMAGE_RULES = (
    *SIZE_RULES,
    Rule(
        "LoadImage",
        (Part("load_image", {"name": FileName("image"), "transparent": Always("as stored")}),),
        {},
        {"image": ""},
        MASKED,
    ),
    Rule("PreviewImage", (Part("preview_image", {"image": Same("images")}),), {"images": "IMAGE"}),
    Rule(
        "ImageCompare",
        (Part("compare_images", {"before": Same("image_a"), "after": Same("image_b")}),),
        {"image_a": "IMAGE", "image_b": "IMAGE"},
        optional=frozenset({"image_a", "image_b"}),
    ),
    Rule(
        "SaveImage",
        (Part("save_image", {"image": Same("images"), "prefix": Same("filename_prefix")}),),
        {"images": "IMAGE"},
        {"filename_prefix": "ComfyUI"},
    ),
    Rule(
        "SaveImageAdvanced",
        (
            Part(
                "save_image",
                {
                    "image": Same("images"),
                    "prefix": Same("filename_prefix"),
                    "format": Word("format.bit_depth", {"8-bit": "png", "16-bit": "png 16-bit"}),
                },
            ),
        ),
        {"images": "IMAGE"},
        {"filename_prefix": "ComfyUI", "format": "png"},
        (Out("images", "IMAGE", None),),
        lambda values: None if values["format"] == "png" else f"format is {values['format']}, known is png",
        more={"format": {"png": {"format.bit_depth": "8-bit", "format.input_color_space": "sRGB"}}},
    ),
    Rule(
        "EmptyImage",
        (
            Part(
                "solid_image",
                {**{name: Same(name) for name in ("width", "height", "batch_size")}, "color": Color("color")},
            ),
        ),
        {},
        {"width": 512, "height": 512, "batch_size": 1, "color": 0},
        IMAGE,
    ),
    Rule(
        "BatchImagesNode",
        (Part("batch_images", several("images", "images.image", MOST_IMAGES)),),
        {f"images.image{at}": "IMAGE" for at in range(MOST_IMAGES)},
        {},
        IMAGE,
        optional=frozenset(f"images.image{at}" for at in range(1, MOST_IMAGES)),
    ),
    Rule(
        "ImageBatch",
        (Part("batch_images", {"images": Same("image1"), "images:2": Same("image2")}),),
        TWO,
        {},
        IMAGE,
    ),
    Rule(
        "ImageFromBatch",
        (
            Part(
                "image_from_batch",
                {"image": Same("image"), "start": Same("batch_index"), "length": Same("length")},
            ),
        ),
        ONE,
        {"batch_index": 0, "length": 1},
        IMAGE,
    ),
    Rule(
        "RepeatImageBatch",
        (Part("repeat_image", {"image": Same("image"), "amount": Same("amount")}),),
        ONE,
        {"amount": 1},
        IMAGE,
    ),
    Rule(
        "RebatchImages",
        (Part("split_batch", {"image": Same("images"), "size": Same("batch_size")}),),
        {"images": "IMAGE"},
        {"batch_size": 1},
        IMAGE,
    ),
    Rule(
        "ImageStitch",
        (
            Part(
                "stitch_images",
                {
                    "image": Same("image1"),
                    "neighbour": Same("image2"),
                    "direction": Same("direction"),
                    "match_size": Same("match_image_size"),
                    "gap": Same("spacing_width"),
                    "color": Word("spacing_color", COLORS),
                },
            ),
        ),
        TWO,
        {"direction": "right", "match_image_size": True, "spacing_width": 0, "spacing_color": "white"},
        IMAGE,
        optional=frozenset({"image2"}),
    ),
    Rule(
        "ImageCompositeMasked",
        (
            Part(
                "composite_image",
                {
                    "image": Same("destination"),
                    "overlay": Same("source"),
                    "mask": Same("mask"),
                    "x": Same("x"),
                    "y": Same("y"),
                    "resize_overlay": Same("resize_source"),
                },
            ),
        ),
        {"destination": "IMAGE", "source": "IMAGE", "mask": "MASK"},
        {"x": 0, "y": 0, "resize_source": False},
        IMAGE,
        optional=frozenset({"mask"}),
    ),
    Rule(
        "ImageBlend",
        (
            Part(
                "blend_images",
                {
                    "image": Same("image1"),
                    "overlay": Same("image2"),
                    "opacity": Same("blend_factor"),
                    "blend": Word(
                        "blend_mode",
                        {
                            **{word: word for word in ("normal", "multiply", "screen", "overlay")},
                            "soft_light": "soft light",
                        },
                    ),
                },
            ),
        ),
        TWO,
        {"blend_factor": 0.5, "blend_mode": "normal"},
        IMAGE,
    ),
    Rule(
        "ImageBlur",
        (
            Part(
                "blur_image", {"image": Same("image"), "radius": Same("blur_radius"), "sigma": Same("sigma")}
            ),
        ),
        ONE,
        {"blur_radius": 1, "sigma": 1.0},
        IMAGE,
    ),
    Rule(
        "ImageSharpen",
        (
            Part(
                "sharpen_image",
                {
                    "image": Same("image"),
                    "radius": Same("sharpen_radius"),
                    "sigma": Same("sigma"),
                    "strength": Times("alpha", 10),
                },
            ),
        ),
        ONE,
        {"sharpen_radius": 1, "sigma": 1.0, "alpha": 1.0},
        IMAGE,
    ),
    Rule("ImageInvert", (Part("invert_image", {"image": Same("image")}),), ONE, {}, IMAGE),
    Rule(
        "Canny",
        (
            Part(
                "canny",
                {"image": Same("image"), "low": Same("low_threshold"), "high": Same("high_threshold")},
            ),
        ),
        ONE,
        {"low_threshold": 0.4, "high_threshold": 0.8},
        IMAGE,
    ),
    Rule(
        "ColorTransfer",
        (
            Part(
                "match_colors",
                {
                    "image": Same("image_target"),
                    "reference": Same("image_ref"),
                    "method": Word("method", {"reinhard_lab": "reinhard", "mkl_lab": "monge-kantorovich"}),
                    "strength": Same("strength"),
                },
            ),
        ),
        {"image_target": "IMAGE", "image_ref": "IMAGE"},
        {"method": "reinhard_lab", "source_stats": "per_frame", "strength": 1.0},
        (Out("image", "IMAGE", "image"),),
        lambda values: (
            None
            if values["source_stats"] == "per_frame"
            else f"source_stats is {values['source_stats']}, known is per_frame"
        ),
    ),
)
