"""Change how many frames a second has."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import torch

from app.engine.media import Video
from app.graph.node import node
from app.graph.widgets import Number


@node(lane="pool")
def change_fps(video: Video, fps: Annotated[float, Number(0.1, 1000.0, step=1.0)] = 24.0) -> Video:
    """Show a video at another pace of frames, as long as before: frames are left out or repeated.

    Args:
        video: The video.
        fps: Frames per second afterwards.
    """
    count = max(1, round(len(video.frames) / video.fps * fps))
    moments = (torch.arange(count) + 0.5) / fps
    chosen = (moments * video.fps).long().clamp(max=len(video.frames) - 1)
    return replace(video, frames=video.frames[chosen], fps=fps)
