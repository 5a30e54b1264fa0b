"""Take a video apart."""

from __future__ import annotations

from typing import NamedTuple

import torch

from app.engine.media import Audio, Image, Video
from app.graph.node import node


class VideoParts(NamedTuple):
    """The frames, the sound, and the pace."""

    frames: Image
    audio: Audio
    fps: float
    frame_count: int


@node(lane="pool")
def video_parts(video: Video) -> VideoParts:
    """Give the frames of a video as a batch of pictures, its sound, and its pace and number of frames.

    Args:
        video: The video; a silent one gives a sound without samples.
    """
    sound = Audio(torch.zeros(1, 0), 44_100)
    if video.audio is not None:
        sound = Audio(video.audio, video.sample_rate)
    return VideoParts(Image(video.frames.float() / 255), sound, video.fps, len(video.frames))
