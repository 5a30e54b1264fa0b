"""Make a video of pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.pictures import eight_bits
from app.engine.media import Audio, Image, Video
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def create_video(
    frames: Image,
    fps: Annotated[float, Number(0.1, 1000.0, step=1.0)] = 24.0,
    audio: Audio | None = None,
) -> Video:
    """Make a video of a batch of pictures.

    Args:
        frames: The pictures in their order.
        fps: Frames per second.
        audio: The sound; none for a silent video.
    """
    pixels = eight_bits(frames.pixels)
    if audio is None or audio.samples.shape[1] == 0:
        return Video(pixels, fps)
    return Video(pixels, fps, audio.samples, audio.sample_rate)
