"""Save a video as a file."""

from __future__ import annotations

import json
import re
from typing import Annotated

from app.engine.imaging.videos import VideoFormat, video_bytes
from app.engine.media import Video
from app.graph.node import Context, node
from app.graph.widgets import Slider, TextLine


@node(output=True, lane="pool")
def save_video(
    context: Context,
    video: Video,
    prefix: Annotated[str, TextLine(100)] = "video",
    format: VideoFormat = "mp4",
    quality: Annotated[int, Slider(1, 100, step=1)] = 60,
) -> Video:
    """Save a video with its sound to the output folder, and hand it on.

    Args:
        video: The video.
        prefix: Start of the file name; a number is added. Signs that a file name cannot have become "_".
        format: "mp4" (H.264) plays everywhere; "webm" (VP9) is smaller and slower to write; "gif" and
            "webp" are silent moving pictures.
        quality: Higher looks better and is larger.
    """
    name = re.sub(r"[^\w\- ]+", "_", prefix).strip("_ ") or "video"
    document = json.dumps(context.document(), ensure_ascii=True)
    data = video_bytes(video, format, quality, document)
    context.save(f"{name}_{{n}}.{format}", data, width=video.width, height=video.height)
    return video
