"""Say where sampling may change a latent: inpainting.

Reference: Lugmayr et al., RePaint (2022), https://arxiv.org/abs/2201.09865
Reference: Levin and Fried, Differential Diffusion: Giving Each Pixel Its Strength (2023), https://arxiv.org/abs/2306.00950
"""

from __future__ import annotations

from dataclasses import replace

from app.engine.imaging.masks import for_frames
from app.engine.latents.reshaping import form_of
from app.engine.media import Latent, Mask
from app.graph.node import node


@node()
def set_noise_mask(latent: Latent, mask: Mask, differential: bool = False) -> Latent:
    """Let sampling paint only where a mask is white; the rest of the picture stays.

    Args:
        latent: The encoded picture.
        mask: Where to paint. It is brought to the size of the latent. For a video it may be one mask for each
            frame, of the video or of its latent.
        differential: Whether greys say how strongly to change a place, instead of mixing old and new.
    """
    coverage = mask.coverage
    if latent.samples.ndim == 5 and len(coverage) > 1:
        form = form_of(latent)
        coverage = for_frames(coverage, latent.samples.shape[2], form.frame_downscale, form.lead)
    return replace(latent, mask=coverage, differential=differential)
