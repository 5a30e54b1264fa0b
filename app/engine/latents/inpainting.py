"""Sampling within a mask: what lies outside follows the given picture at every noise level.

Reference: Levin and Fried, Differential Diffusion: Giving Each Pixel Its Strength (2023), https://arxiv.org/abs/2306.00950
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor
from torch.nn.functional import interpolate

from app.engine.media import Latent


@dataclass(frozen=True, eq=False)
class Inpainting:
    """A mask at work.

    Attributes:
        clean: The given picture, (B, C, h, w) or (B, C, F, h, w).
        noise: The noise that the run started from, like `clean`.
        mask: How much each cell may change, 0..1, broadcasting over `clean`.
        span: (first, last) noise level of the run for a mask whose shades say from when on a cell may change;
            None for one that mixes.
        per_token: Whether the model is told the noise level of each token: what stays is then shown without
            noise, and said to have none.
    """

    clean: Tensor
    noise: Tensor
    mask: Tensor
    span: tuple[float, float] | None = None
    per_token: bool = False

    def mask_at(self, sigma: float) -> Tensor:
        """Return the mask of one noise level."""
        if self.span is None:
            return self.mask
        first, last = self.span
        return (self.mask >= (sigma - last) / (first - last)).to(self.mask)

    def before(self, latent: Tensor, sigma: float) -> Tensor:
        """Return what the model sees: outside of the mask the given picture with its noise."""
        mask = self.mask_at(sigma)
        outside = self.clean if self.per_token else (1 - sigma) * self.clean + sigma * self.noise
        return mask * latent + (1 - mask) * outside

    def shares(self, latent: Tensor, sigma: float) -> Tensor | None:
        """Return which share of the noise level each cell has, (1 or B, 1, F, h, w); None for all of it."""
        if not self.per_token:
            return None
        mask = self.mask_at(sigma)
        return mask.expand(len(mask), 1, *latent.shape[2:])

    def after(self, denoised: Tensor, sigma: float) -> Tensor:
        """Return the answer: outside of the mask the given picture."""
        mask = self.mask_at(sigma)
        return mask * denoised + (1 - mask) * self.clean


def inpainting(
    latent: Latent, noise: Tensor, span: tuple[float, float], per_token: bool = False
) -> Inpainting | None:
    """Return the mask of a latent at work on the noise of a run, where that is; None where it has no mask."""
    if latent.mask is None:
        return None
    clean = latent.samples.to(noise)
    size = (clean.shape[-2], clean.shape[-1])
    given = latent.mask.to(noise)
    mask = interpolate(
        given if given.ndim == 4 else given[:, None], size, mode="bilinear", align_corners=False
    )
    mask = (mask[:, None] if clean.ndim == 5 else mask).clamp(0, 1)
    return Inpainting(clean, noise, mask, span if latent.differential else None, per_token)
