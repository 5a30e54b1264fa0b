"""Encode a video, to start sampling from it instead of from nothing."""

from __future__ import annotations

from typing import Annotated

from app.engine.latents.animation import refuse_pictures_only
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent, Video
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


@node()
def encode_video(
    vae: Vae, video: Video, length: Annotated[int, Number(0, 4096, unit="frames")] = 0
) -> Latent:
    """Turn a video into one latent with frames.

    Args:
        vae: The autoencoder of a video model.
        video: The video; its sides must be multiples of what the model works in.
        length: How many frames to take from the start, 1 more than a multiple of 4 for Wan, of 8 for
            LTX-Video; 0 for all of them.
    """
    refuse_pictures_only(vae.family)
    if length > len(video.frames):
        raise Refusal(
            f"The video has {len(video.frames)} frames, {length} are asked for.",
            "Choose a shorter length, or a longer video.",
            code="bad_length",
            input="length",
        )
    return vae.encode(Image(video.frames[: length or None].float() / 255))
