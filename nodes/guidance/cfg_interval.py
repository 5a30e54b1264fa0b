"""Guidance in an interval: follow the prompt more strictly at middle noise levels only, where it helps.

Reference: Kynkaanniemi et al., Applying Guidance in a Limited Interval (2024), https://arxiv.org/abs/2404.07724
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
class CfgInterval:
    """Classifier-free guidance for start >= sigma > end; elsewhere cond, and uncond is not asked."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    start: float
    end: float
    channels: int = 0

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1 or not self.start >= sigma > self.end:
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        return guided(cond, uncond, self.guidance_scale, self.channels)

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="CFG interval")
def cfg_interval(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    start: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.9,
    end: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.2,
    channels: Annotated[int, Number(0, 4096)] = 0,
) -> Guider:
    """Follow a prompt more strictly at some noise levels only. Doubles the time of the steps there.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side, 3 to 7 is usual.
        start: Noise level at which guidance begins; 1 is pure noise. 1 and 0 are guidance in every step.
        end: Noise level at which guidance ends; from there on the model answers to the prompt alone.
        channels: Guide the first so many channels of the latent only; 0 for all. The figures of DiT, SiT,
            FiTv2 and LightningDiT are with 3.
    """
    return CfgInterval(positive, negative, guidance_scale, start, end, channels)
