"""A quick look at a latent: a linear map from its channels to colours, instead of the autoencoder."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import Protocol

import PIL.Image
import torch
from torch import Tensor

LONGEST_SIDE = 512  # pixels of a preview; it is sent at every step
JPEG_QUALITY = 80


class Preview(Protocol):
    """How to see a latent without its autoencoder."""

    def colours(self, cells: Tensor) -> Tensor:
        """(C, h, w) -> (H, W, 3), 0..1, at the size of the cells or larger."""


@dataclass(frozen=True, eq=False)
class LinearPreview:
    """Colours as a linear function of a latent cell's channels.

    Attributes:
        weights: (C, 3).
        bias: (3,).
    """

    weights: Tensor
    bias: Tensor

    def colours(self, cells: Tensor) -> Tensor:
        """(C, h, w) -> (h, w, 3), 0..1."""
        return (torch.einsum("chw,cr->hwr", cells, self.weights) + self.bias).clamp(0, 1)


def fit(latents: Tensor, pixels: Tensor) -> LinearPreview:
    """Return the map that best explains pictures (B, H, W, 3) by their latents (B, C, h, w)."""
    cells = latents.movedim(1, -1)
    rows, columns = cells.shape[1:3]
    colours = torch.nn.functional.adaptive_avg_pool2d(pixels.movedim(-1, 1), (rows, columns)).movedim(1, -1)
    known = torch.cat([cells, torch.ones_like(cells[..., :1])], dim=-1).flatten(0, 2)
    solution = torch.linalg.lstsq(known, colours.flatten(0, 2)).solution
    return LinearPreview(solution[:-1], solution[-1])


def principal_colours(cells: Tensor) -> Tensor:
    """(C, h, w) -> (h, w, 3): shapes without true colours, for a model whose autoencoder was never seen."""
    flat = cells.flatten(1).T
    centred = flat - flat.mean(0)
    directions = torch.linalg.svd(centred, full_matrices=False).Vh[:3]
    colours = torch.zeros(len(flat), 3)
    colours[:, : len(directions)] = centred @ directions.T
    spread = colours.std().clamp_min(1e-6)
    return (colours / (4 * spread) + 0.5).clamp(0, 1).reshape(*cells.shape[1:], 3)


def jpeg(samples: Tensor, preview: Preview | None, downscale: int) -> bytes:
    """Return the first picture, or first frame, of `samples` as JPEG at about the size it will have."""
    first = samples[0] if samples.ndim == 4 else samples[0, :, 0]
    cells = first.detach().float().cpu()
    colours = preview.colours(cells) if preview else principal_colours(cells)
    return photo(colours, downscale * cells.shape[-1] / colours.shape[1])


def photo(colours: Tensor, enlarged: float = 1.0) -> bytes:
    """Return colours (h, w, 3) of 0..1 as JPEG, enlarged, or smaller where it would be too large."""
    picture = PIL.Image.fromarray((colours * 255).round().to(torch.uint8).numpy())
    scale = min(enlarged, LONGEST_SIDE / max(picture.size))
    size = tuple(max(1, round(side * scale)) for side in picture.size)
    shown = picture.resize((size[0], size[1]), PIL.Image.Resampling.BICUBIC)
    buffer = BytesIO()
    shown.save(buffer, "JPEG", quality=JPEG_QUALITY)
    return buffer.getvalue()
