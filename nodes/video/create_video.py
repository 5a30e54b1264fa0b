"""Make a video of pictures."""

from __future__ import annotations

from typing import Annotated

from app.engine.media import Image, Video
from app.engine.pictures import eight_bits
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def create_video(
    frames: Image,
    fps: Annotated[float, Number(0.1, 1000.0, step=1.0)] = 24.0,
    sound_of: Video | None = None,
) -> Video:
    """Make a video of a batch of pictures.

    Args:
        frames: The pictures in their order.
        fps: Frames per second.
        sound_of: A video whose sound it gets.
    """
    audio = sound_of.audio if sound_of else None
    return Video(eight_bits(frames.pixels), fps, audio, sound_of.sample_rate if sound_of else 0)
