"""Guidance in a part of the steps: follow the prompt more strictly there, and save time in the others.

Reference: Kynkaanniemi et al., Applying Guidance in a Limited Interval (2024), https://arxiv.org/abs/2404.07724
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Branch, Guider
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True, eq=False)
class CfgSpan:
    """Classifier-free guidance from `start` to `end`; elsewhere cond, and uncond is not asked."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    start: float
    end: float

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1 or not branch.place.within(self.start, self.end):
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        return uncond + self.guidance_scale * (cond - uncond)

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="CFG in a part of the steps")
def cfg_span(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    start: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    end: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.8,
) -> Guider:
    """Follow a prompt more strictly in a part of the steps. Doubles the time of those only.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side, 3 to 7 is usual.
        start: Share of the steps after which guidance begins; 0 is the first step.
        end: Share of the steps after which it ends; 1 is after the last.
    """
    return CfgSpan(positive, negative, guidance_scale, start, end)
