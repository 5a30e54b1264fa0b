"""Pictures and latents: tensors with a stated shape and range."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from app.engine.storage import Stored
from app.graph.problem import Refusal


@dataclass(frozen=True, eq=False)
class Latent(Stored):
    """A picture or video as its model family's autoencoder writes it, scaled to about unit variance.

    Attributes:
        samples: (B, C, h, w), or (B, C, F, h, w) for video; float.
        family: Name of the model family it belongs to.
    """

    samples: Tensor
    family: str

    def __post_init__(self) -> None:
        if self.samples.ndim not in (4, 5) or not self.samples.is_floating_point():
            raise Refusal(
                "A latent is (batch, channels, height, width) in floats, with frames too for video; "
                f"this one is {shape_of(self.samples)}.",
                "Make it with Empty latent or Encode image.",
                code="bad_latent",
            )

    @property
    def nbytes(self) -> int:
        return self.samples.nbytes


@dataclass(frozen=True, eq=False)
class Image(Stored):
    """One or several pictures of the same size.

    Attributes:
        pixels: (B, H, W, 3) float32, 0..1, sRGB.
    """

    pixels: Tensor

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.shape[-1] != 3 or self.pixels.dtype != torch.float32:
            raise Refusal(
                f"An image is (batch, height, width, 3) in float32; this one is {shape_of(self.pixels)}.",
                "Make it with Load image or Decode latent.",
                code="bad_image",
            )

    @property
    def width(self) -> int:
        return self.pixels.shape[2]

    @property
    def height(self) -> int:
        return self.pixels.shape[1]

    @property
    def nbytes(self) -> int:
        return self.pixels.nbytes


def shape_of(tensor: Tensor) -> str:
    """Say a tensor's shape and type for a message: `(1, 4, 8, 8) float32`."""
    return f"{tuple(tensor.shape)} {str(tensor.dtype).removeprefix('torch.')}"
