"""Cut a part out of a video."""

from __future__ import annotations

from typing import Annotated

from app.engine.imaging.videos import cut
from app.engine.media import Video
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


@node(lane="pool")
def slice_video(
    video: Video,
    start: Annotated[float, Number(step=0.1, unit="s")] = 0.0,
    duration: Annotated[float, Number(0.0, step=0.1, unit="s")] = 0.0,
) -> Video:
    """Cut a part out of a video, with its sound.

    Args:
        video: The video.
        start: Where the part begins; negative counts from the end.
        duration: How long it is; 0 for all the rest.
    """
    count = len(video.frames)
    first = round(start * video.fps) + (count if start < 0 else 0)
    if not 0 <= first < count:
        length = count / video.fps
        raise Refusal(
            f"The part begins at {start:g} s, the video lasts {length:.2f} s.",
            "Choose an earlier start.",
            code="outside",
            input="start",
        )
    wanted = max(1, round(duration * video.fps)) if duration else count
    return cut(video, first, min(wanted, count - first))
