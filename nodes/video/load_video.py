"""Load a video from the input folder."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.videos import open_video
from app.engine.media import Video
from app.graph.node import Context, node
from app.graph.widgets import Number, VideoFile


@node(lane="pool")
def load_video(
    context: Context,
    name: Annotated[str, VideoFile()],
    start: Annotated[float, Number(0.0, step=0.1, unit="s")] = 0.0,
    duration: Annotated[float, Number(0.0, step=0.1, unit="s")] = 0.0,
) -> Video:
    """Open an uploaded video with its sound.

    Args:
        name: The video, in any format that FFmpeg reads.
        start: Where to begin.
        duration: How much to take; 0 for all. A long video needs much memory, as all frames are unpacked.
    """
    return open_video(context.input_path(name), start, duration)
