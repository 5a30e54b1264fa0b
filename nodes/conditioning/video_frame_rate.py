"""Say how fast a video will be shown, to models that were trained to know.

Reference: HaCohen et al., LTX-Video: Realtime Video Latent Diffusion (2024), https://arxiv.org/abs/2501.00103
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.conditioning import Conditioning
from app.graph.node import node
from app.graph.widgets import Number


class Paced(NamedTuple):
    """Both prompts with the frame rate."""

    positive: Conditioning
    negative: Conditioning


@node()
def video_frame_rate(
    positive: Conditioning,
    negative: Conditioning,
    frame_rate: Annotated[float, Number(0.1, 1000.0, step=0.01)] = 25.0,
) -> Paced:
    """Tell LTX-Video how many frames of its video make a second, so that things move as fast as they should.

    Args:
        positive: What happens in the video.
        negative: What should not.
        frame_rate: Frames per second; other families do not look at it.
    """
    return Paced(positive.each(frame_rate=frame_rate), negative.each(frame_rate=frame_rate))
