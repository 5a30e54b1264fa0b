"""Classifier-free guidance: go further in the direction in which the prompt changes the model's answer.

Reference: Ho and Salimans, Classifier-Free Diffusion Guidance (2022), https://arxiv.org/abs/2207.12598
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.guidance.guiding import guided
from app.engine.sampling import Branch, Guider
from app.graph.node import node
from app.graph.widgets import Number, Slider


@dataclass(frozen=True, eq=False)
class Cfg:
    """uncond + guidance_scale * (cond - uncond); at scale 1 that is cond, and uncond is not asked."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    channels: int = 0

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1:
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        return guided(cond, uncond, self.guidance_scale, self.channels)

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="CFG")
def cfg(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    channels: Annotated[int, Number(0, 4096)] = 0,
) -> Guider:
    """Follow a prompt more strictly, away from another one. Doubles the time of a step.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side, 3 to 7 is usual, more burns out colours.
        channels: Guide the first so many channels of the latent only; 0 for all. The figures of DiT, SiT,
            FiTv2 and LightningDiT are with 3.
    """
    return Cfg(positive, negative, guidance_scale, channels)
