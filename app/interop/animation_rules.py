"""The lines of the table for videos that begin with pictures."""

from __future__ import annotations

from app.interop.rules import From, Out, Part, Rule, Same, Word

PROMPTS = ("positive", "negative")
BOTH = {**dict.fromkeys(PROMPTS, "CONDITIONING"), "vae": "VAE"}
SIZE = ("width", "height", "length", "batch_size")
LATENT = (Out("latent", "LATENT", "latent"),)
PROMPTED = tuple(Out(name, "CONDITIONING", name) for name in PROMPTS)
VISION = "CLIP_VISION_OUTPUT"
OWN = {name: Same(name) for name in (*PROMPTS, "vae", *SIZE)}


def sized(width: int, height: int, length: int) -> dict[str, int | float]:
    return dict(zip(SIZE, (width, height, length, 1), strict=True))


def from_pictures(class_type: str, widgets: dict[str, int | float], *pictures: str) -> Rule:
    """Return the line of a node that shows frames to a model, and what a vision encoder sees on them."""
    shown: dict[str, From] = {name: Same(name) for name in pictures}
    return Rule(
        class_type,
        (Part("image_to_video", {**OWN, "start_vision": Same("clip_vision_output"), **shown}),),
        {**BOTH, "clip_vision_output": VISION, **dict.fromkeys(pictures, "IMAGE")},
        widgets,
        (*PROMPTED, *LATENT),
        optional=frozenset({"clip_vision_output", *pictures}),
    )


ANIMATION_RULES = (
    Rule(
        "CLIPVisionLoader",
        (Part("load_clip_vision", {"name": Same("clip_name")}),),
        {},
        {"clip_name": ""},
        (Out("CLIP_VISION", "CLIP_VISION", "clip_vision"),),
    ),
    Rule(
        "CLIPVisionEncode",
        (
            Part(
                "encode_clip_vision",
                {
                    "clip_vision": Same("clip_vision"),
                    "image": Same("image"),
                    "crop": Word("crop", {"center": True, "none": False}),
                },
            ),
        ),
        {"clip_vision": "CLIP_VISION", "image": "IMAGE"},
        {"crop": "center"},
        (Out(VISION, VISION, "vision_tokens"),),
    ),
    from_pictures("WanImageToVideo", sized(832, 480, 81), "start_image"),
    from_pictures("HunyuanVideo15ImageToVideo", sized(848, 480, 33), "start_image"),
    Rule(
        "WanFirstLastFrameToVideo",
        (
            Part(
                "image_to_video",
                {
                    **OWN,
                    "start_vision": Same("clip_vision_start_image"),
                    "end_vision": Same("clip_vision_end_image"),
                    "start_image": Same("start_image"),
                    "end_image": Same("end_image"),
                },
            ),
        ),
        {
            **BOTH,
            "clip_vision_start_image": VISION,
            "clip_vision_end_image": VISION,
            "start_image": "IMAGE",
            "end_image": "IMAGE",
        },
        sized(832, 480, 81),
        (*PROMPTED, *LATENT),
        optional=frozenset({"clip_vision_start_image", "clip_vision_end_image", "start_image", "end_image"}),
    ),
    from_pictures("WanFunInpaintToVideo", sized(832, 480, 81), "start_image", "end_image"),
    Rule(
        "LTXVImgToVideo",
        (Part("image_to_video", {**OWN, "start_image": Same("image"), "strength": Same("strength")}),),
        {**BOTH, "image": "IMAGE"},
        {**sized(768, 512, 97), "strength": 1.0},
        (*PROMPTED, *LATENT),
    ),
    Rule(
        "Wan22ImageToVideoLatent",
        (
            Part(
                "video_latent_from_image",
                {"vae": Same("vae"), "image": Same("start_image"), **{name: Same(name) for name in SIZE}},
            ),
        ),
        {"vae": "VAE", "start_image": "IMAGE"},
        sized(1280, 704, 49),
        (Out("LATENT", "LATENT", "latent"),),
        optional=frozenset({"start_image"}),
    ),
    Rule(
        "LTXVConditioning",
        (Part("video_frame_rate", {name: Same(name) for name in (*PROMPTS, "frame_rate")}),),
        dict.fromkeys(PROMPTS, "CONDITIONING"),
        {"frame_rate": 25.0},
        PROMPTED,
    ),
    Rule(
        "LTXVScheduler",
        (
            Part(
                "ltx_schedule",
                {
                    name: Same(name)
                    for name in ("steps", "max_shift", "base_shift", "stretch", "terminal", "latent")
                },
            ),
        ),
        {"latent": "LATENT"},
        {"steps": 20, "max_shift": 2.05, "base_shift": 0.95, "stretch": True, "terminal": 0.1},
        (Out("SIGMAS", "SIGMAS", "sigmas"),),
        optional=frozenset({"latent"}),
    ),
)
