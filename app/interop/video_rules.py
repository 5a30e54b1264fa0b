"""The lines of the table for videos."""

from __future__ import annotations

from app.interop.rules import Of, Out, Part, Rule, Same, Word
from app.interop.ways import Always, FileName

VIDEO = (Out("VIDEO", "VIDEO", "video"),)
FRAMES = Part("create_video", {"frames": Same("images"), "fps": Same("fps")}, "video")

VIDEO_RULES = (
    Rule("LoadVideo", (Part("load_video", {"name": FileName("file")}),), {}, {"file": ""}, VIDEO),
    Rule(
        "SaveVideo",
        (
            Part(
                "save_video",
                {
                    "video": Same("video"),
                    "prefix": Same("filename_prefix"),
                    "format": Word("format", {"auto": "mp4", "mp4": "mp4", "webm": "webm"}),
                },
            ),
        ),
        {"video": "VIDEO"},
        {"filename_prefix": "video/ComfyUI", "format": "auto", "codec": "auto"},
        (Out("video", "VIDEO", "video"),),
        lambda values: (
            None if values["codec"] in ("auto", "h264") else f"codec is {values['codec']}, known is h264"
        ),
    ),
    Rule(
        "CreateVideo",
        (Part("create_video", {"frames": Same("images"), "fps": Same("fps"), "audio": Same("audio")}),),
        {"images": "IMAGE", "audio": "AUDIO"},
        {"fps": 30.0},
        VIDEO,
        optional=frozenset({"audio"}),
    ),
    Rule(
        "GetVideoComponents",
        (Part("video_parts", {"video": Same("video")}),),
        {"video": "VIDEO"},
        {},
        (
            Out("images", "IMAGE", "frames"),
            Out("audio", "AUDIO", "audio"),
            Out("fps", "FLOAT", "fps"),
            Out("bit_depth", "INT", None),
        ),
    ),
    Rule(
        "Video Slice",
        (
            Part(
                "slice_video",
                {"video": Same("video"), "start": Same("start_time"), "duration": Same("duration")},
            ),
        ),
        {"video": "VIDEO"},
        {"start_time": 0.0, "duration": 0.0, "strict_duration": False},
        VIDEO,
        notes={"strict_duration": ((False,), "is not checked here")},
    ),
    Rule(
        "SaveAnimatedWEBP",
        (
            Part(
                "save_video",
                {
                    "video": Of("video", "video"),
                    "prefix": Same("filename_prefix"),
                    "quality": Same("quality"),
                    "format": Always("webp"),
                },
            ),
            FRAMES,
        ),
        {"images": "IMAGE"},
        {
            "filename_prefix": "ComfyUI",
            "fps": 6.0,
            "lossless": True,
            "quality": 80,
            "method": "default",
        },
        notes={"lossless": ((False,), "loses a little here: our moving WebP is not lossless")},
    ),
    Rule(
        "SaveWEBM",
        (
            Part(
                "save_video",
                {
                    "video": Of("video", "video"),
                    "prefix": Same("filename_prefix"),
                    "format": Always("webm"),
                },
            ),
            FRAMES,
        ),
        {"images": "IMAGE"},
        {"filename_prefix": "ComfyUI", "codec": "vp9", "fps": 24.0, "crf": 32.0},
        (),
        lambda values: None if values["codec"] == "vp9" else f"codec is {values['codec']}, known is vp9",
        notes={"crf": ((), "does not set the quality here")},
    ),
    Rule(
        "LoadAudio",
        (Part("load_audio", {"name": FileName("audio")}),),
        {},
        {"audio": ""},
        (Out("AUDIO", "AUDIO", "audio"),),
    ),
)
