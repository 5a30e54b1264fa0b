"""The lines of the table for pictures."""

from __future__ import annotations

from app.interop.rules import From, Out, Part, Rule, Same, Word
from app.interop.size_rules import COLORS, IMAGE, MASKED, ONE, SIZE_RULES
from app.interop.ways import Always, Color, FileName, Times

TWO = {"image1": "IMAGE", "image2": "IMAGE"}
IMAGES = (Out("images", "IMAGE", "image"),)
MOST_IMAGES = 16


def several(name: str, each: str, most: int) -> dict[str, From]:
    """Return the ways of a list: `each` with a number in ComfyUI, further wires into `name` here."""
    return {f"{name}:{at + 1}" if at else name: Same(f"{each}{at}") for at in range(most)}


IMAGE_RULES = (
    *SIZE_RULES,
    Rule(
        "LoadImage",
        (Part("load_image", {"name": FileName("image"), "transparent": Always("as stored")}),),
        {},
        {"image": ""},
        MASKED,
    ),
    Rule(
        "PreviewImage",
        (Part("preview_image", {"image": Same("images")}),),
        {"images": "IMAGE"},
        {},
        IMAGES,
    ),
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
        IMAGES,
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
        IMAGES,
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
