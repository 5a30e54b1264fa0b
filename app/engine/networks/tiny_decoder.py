"""The decoder of TAESD: an autoencoder small enough to show every step of a sampling.

Reference: Boer Bohan, Tiny AutoEncoder for Stable Diffusion (2023), https://github.com/madebyollin/taesd
"""

from __future__ import annotations

from diffusers.configuration_utils import ConfigMixin, register_to_config
from diffusers.models.modeling_utils import ModelMixin
from torch import Tensor, nn

WIDTH = 64


class TinyDecoder(ModelMixin, ConfigMixin):  # type: ignore[misc]
    """Latents (B, C, h, w) to pictures (B, 3, 8 h, 8 w) of 0..1."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(self, latent_channels: int = 16) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.layers = nn.Sequential(
            *(Clamp(), convolution(latent_channels), nn.ReLU()),
            *(Block(), Block(), Block(), nn.Upsample(scale_factor=2), convolution(bias=False)),
            *(Block(), Block(), Block(), nn.Upsample(scale_factor=2), convolution(bias=False)),
            *(Block(), Block(), Block(), nn.Upsample(scale_factor=2), convolution(bias=False)),
            *(Block(), convolution(out=3)),
        )

    def forward(self, latents: Tensor) -> Tensor:
        pictures: Tensor = self.layers(latents)
        return pictures.clamp(0, 1)


class Clamp(nn.Module):
    """Bends what lies far outside of what latents usually are."""

    def forward(self, x: Tensor) -> Tensor:
        return (x / 3).tanh() * 3


class Block(nn.Module):
    """Three convolutions beside what comes in."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Sequential(convolution(), nn.ReLU(), convolution(), nn.ReLU(), convolution())

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.relu(self.conv(x) + x)


def convolution(inside: int = WIDTH, out: int = WIDTH, *, bias: bool = True) -> nn.Conv2d:
    return nn.Conv2d(inside, out, 3, padding=1, bias=bias)
