"""Animate a picture: show the first frame, the last one, or both to a model that makes what lies between.

Reference: Wan Team, Wan: Open and Advanced Large-Scale Video Generative Models (2025), https://arxiv.org/abs/2503.20314
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch

from app.engine import animation
from app.engine.conditioning import Conditioning
from app.engine.media import Image, Latent
from app.engine.vae import Vae
from app.engine.clip_vision import VisionTokens
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


class Animated(NamedTuple):
    """Both prompts with the given frames, and an empty latent of the video's size."""

    positive: Conditioning
    negative: Conditioning
    latent: Latent


@node()
def image_to_video(
    positive: Conditioning,
    negative: Conditioning,
    vae: Vae,
    start_image: Image | None = None,
    end_image: Image | None = None,
    start_vision: VisionTokens | None = None,
    end_vision: VisionTokens | None = None,
    width: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    height: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    length: Annotated[int, Number(1, 4096, step=4, unit="frames")] = 81,
    batch_size: Annotated[int, Number(1, 64)] = 1,
) -> Animated:
    """Let an image to video model, such as Wan 2.1 or 2.2 14B, see the frames that a video begins or ends with.

    Args:
        positive: What happens in the video.
        negative: What should not.
        vae: The autoencoder that came with the model.
        start_image: The first frame, or several; cut and resized to the size of the video.
        end_image: The last frame, or several.
        start_vision: What CLIP sees on the first frame; needed by Wan 2.1, unused by Wan 2.2.
        end_vision: What CLIP sees on the last frame, for models of two frames.
        width: Width of the frames; 0 for the width the model was trained for.
        height: Height of the frames; 0 for the height the model was trained for.
        length: Frames of the video: 1 more than a multiple of 4 for Wan; other lengths are cut to that.
        batch_size: How many videos to make at once.
    """
    if start_image is None and end_image is None:
        raise Refusal(
            "There is no picture to animate.",
            "Connect start_image, end_image or both; without pictures use Empty video latent.",
            code="missing",
            input="start_image",
        )
    given_frames = animation.animating(vae)
    clip = animation.Clip(width, height, length).fitting(vae.family)
    video, known = animation.framed(clip, start_image, end_image)
    samples = vae.encode(video).samples
    seen = [entry.tokens[:1] for entry in (start_vision, end_vision) if entry is not None]
    told = {
        "beside": given_frames(samples, known),
        "vision": torch.cat(seen, dim=1) if seen else None,
    }
    empty = torch.zeros_like(samples).repeat(batch_size, 1, 1, 1, 1)
    return Animated(positive.each(**told), negative.each(**told), Latent(empty, vae.family.name))
