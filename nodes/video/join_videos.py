"""Put videos one after the other."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch import Tensor

from app.engine.media import Video
from app.graph.node import node
from app.graph.problem import Refusal


@node(lane="pool")
def join_videos(videos: list[Video]) -> Video:
    """Put videos one after the other, in the order of their edges.

    Args:
        videos: The videos, all of one size and with equally many frames a second.
    """
    if not videos:
        raise Refusal("There is no video.", "Connect at least one.", input="videos")
    forms = sorted({(video.width, video.height, video.fps) for video in videos})
    if len(forms) > 1:
        told = ", ".join(f"{width} x {height} at {fps:g} fps" for width, height, fps in forms)
        raise Refusal(f"The videos differ: {told}.", "Bring them to one size and pace first.", input="videos")
    frames = torch.cat([video.frames for video in videos])
    rates = {video.sample_rate for video in videos if video.audio is not None}
    if len(rates) > 1:
        raise Refusal(
            f"The sounds have {' and '.join(map(str, sorted(rates)))} samples a second.",
            "Join videos of one source.",
            input="videos",
        )
    if not rates:
        return replace(videos[0], frames=frames)
    (rate,) = rates
    channels = max(len(video.audio) for video in videos if video.audio is not None)
    sound = torch.cat([sound_of(video, channels, rate) for video in videos], dim=1)
    return replace(videos[0], frames=frames, audio=sound, sample_rate=rate)


def sound_of(video: Video, channels: int, rate: int) -> Tensor:
    """(channels, samples): the sound of a video, as long as its frames; silence where there is none."""
    samples = round(len(video.frames) / video.fps * rate)
    sound = torch.zeros(channels, samples)
    if video.audio is not None:
        length = min(samples, video.audio.shape[1])
        sound[:, :length] = video.audio[:, :length].expand(channels, length)
    return sound
