"""Animate a picture: show the first frame, the last one, or both to a model that makes what lies between.

Reference: Wan Team, Wan: Open and Advanced Large-Scale Video Generative Models (2025), https://arxiv.org/abs/2503.20314
Reference: HaCohen et al., LTX-Video: Realtime Video Latent Diffusion (2024), https://arxiv.org/abs/2501.00103
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import torch

from app.engine.conditioning import Conditioning
from app.engine.latents import animation
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.engine.prompts.clip_vision import VisionTokens
from app.graph.node import node
from app.graph.widgets import Number, Slider


class Animated(NamedTuple):
    """Both prompts with the given frames, and the latent to sample."""

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
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Animated:
    """Let an image to video model see the frames that a video begins or ends with.

    Args:
        positive: What happens in the video.
        negative: What should not.
        vae: The autoencoder that came with the model.
        start_image: The first frame, or several; cut and resized to the size of the video.
        end_image: The last frame, or several, for Wan 2.1 and 2.2 14B.
        start_vision: What a vision encoder sees on the first frame; needed by Wan 2.1 and HunyuanVideo 1.5,
            unused by the others.
        end_vision: What CLIP sees on the last frame, for models of two frames.
        width: Width of the frames; 0 for the width the model was trained for.
        height: Height of the frames; 0 for the height the model was trained for.
        length: Frames of the video: 1 more than a multiple of 4 for most models, of 8 for LTX-Video and
            CogVideoX 1.5; other lengths are cut to that.
        batch_size: How many videos to make at once.
        strength: How strictly LTX-Video and Wan 2.2 5B keep the first frames: 1 as they are, 0 not at all.
    """
    clip = animation.Clip(width, height, length).fitting(vae.family)
    latent, beside = animation.given(vae, clip, start_image, end_image, strength)
    seen = [entry.tokens[:1] for entry in (start_vision, end_vision) if entry is not None]
    told = {"beside": beside, "vision": torch.cat(seen, dim=1) if seen else None}
    samples = latent.samples.repeat(batch_size, 1, 1, 1, 1)
    several = Latent(samples, latent.family, latent.mask)
    return Animated(positive.each(**told), negative.each(**told), several)
