"""Begin a video with a picture that stays as it is while the rest is made.

Reference: HaCohen et al., LTX-Video: Realtime Video Latent Diffusion (2024), https://arxiv.org/abs/2501.00103
Reference: Wan Team, Wan2.2 TI2V-5B (2025), https://github.com/Wan-Video/Wan2.2
"""

from __future__ import annotations

from typing import Annotated

import torch

from app.engine.latents import animation
from app.engine.latents.vae import Vae
from app.engine.media import Image, Latent
from app.graph.node import node
from app.graph.widgets import Number, Slider


@node()
def video_latent_from_image(
    vae: Vae,
    image: Image | None = None,
    width: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    height: Annotated[int, Number(0, 16384, step=16, unit="px")] = 0,
    length: Annotated[int, Number(1, 4096, step=4, unit="frames")] = 121,
    batch_size: Annotated[int, Number(1, 64)] = 1,
    strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Latent:
    """Make an empty latent whose first frames are given, for LTX-Video and Wan 2.2 5B.

    Args:
        vae: The autoencoder that came with the model.
        image: The first frame, or several; cut and resized to the size of the video; none gives nothing.
        width: Width of the frames; 0 for the width the model was trained for.
        height: Height of the frames; 0 for the height the model was trained for.
        length: Frames of the video: 1 more than a multiple of 4 for Wan, of 8 for LTX-Video; other lengths
            are cut to that.
        batch_size: How many videos to make at once.
        strength: How strictly the first frames are kept: 1 as they are, 0 not at all.
    """
    clip = animation.Clip(width, height, length).fitting(vae.family)
    if image is None:
        cells = clip.cells(vae.family)
        return Latent(torch.zeros(batch_size, vae.channels, *cells), vae.family.name)
    latent = animation.held(vae, clip, image, strength)
    return Latent(latent.samples.repeat(batch_size, 1, 1, 1, 1), latent.family, latent.mask)
