"""Take a video apart."""

from __future__ import annotations

from typing import NamedTuple

from app.engine.media import Image, Video
from app.graph.node import node


class VideoParts(NamedTuple):
    """The frames and their pace."""

    frames: Image
    fps: float
    frame_count: int


@node(lane="pool")
def video_parts(video: Video) -> VideoParts:
    """Give the frames of a video as a batch of pictures, their pace and their number.

    Args:
        video: The video.
    """
    return VideoParts(Image(video.frames.float() / 255), video.fps, len(video.frames))
