"""CFG-Zero*: guidance for flow models that first brings uncond to the size that suits cond.

It also rests at the noisiest levels, where an under-trained flow points worse than not at all.

Reference: Fan et al., CFG-Zero*: Improved Classifier-Free Guidance for Flow Matching Models (2025), https://arxiv.org/abs/2503.18886
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.guidance.projection import share_along
from app.engine.sampling import Branch, Guider
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True, eq=False)
class CfgZeroStar:
    """On velocities: s * uncond + guidance_scale * (cond - s * uncond), s * uncond being closest to cond."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    zero_init: float

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        if sigma > 1 - self.zero_init:
            return latent  # a denoised sample like the latent is a velocity of zero
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1:
            return cond
        toward = (latent - cond) / sigma
        away = (latent - branch(latent, sigma, self.negative, "uncond")) / sigma
        away = share_along(toward, away) * away
        return latent - sigma * (away + self.guidance_scale * (toward - away))

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="CFG-Zero*")
def cfg_zero_star(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    zero_init: Annotated[float, Slider(0.0, 0.2, step=0.005)] = 0.01,
) -> Guider:
    """Follow a prompt more strictly, with fewer overshoots than plain guidance. Doubles the time of a step.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side, 3 to 7 is usual.
        zero_init: The picture rests at noise levels above 1 minus this: 0 never, 0.01 usually the first step.
    """
    return CfgZeroStar(positive, negative, guidance_scale, zero_init)
