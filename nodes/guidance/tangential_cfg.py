"""TCFG: guidance from the part of uncond that agrees with what cond and uncond have in common.

Reference: Kwon et al., TCFG: Tangential Damping Classifier-free Guidance (2025), https://arxiv.org/abs/2503.18137
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.guidance.projection import along_common
from app.engine.sampling import Branch, Guider
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True, eq=False)
class TangentialCfg:
    """On velocities: away is uncond less `damping` of what lies off the main direction of {cond, uncond}."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    damping: float

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1:
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        if self.damping == 0:
            return uncond + self.guidance_scale * (cond - uncond)
        toward, away = (latent - cond) / sigma, (latent - uncond) / sigma
        away = away.lerp(along_common(away, toward), self.damping)
        return latent - sigma * (away + self.guidance_scale * (toward - away))

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="Tangential CFG")
def tangential_cfg(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    damping: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
) -> Guider:
    """Follow a prompt more strictly without the sideways part of the negative answer.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side, 3 to 7 is usual.
        damping: How much of the sideways part to leave out: 1 as in the paper, 0 is plain guidance.
    """
    return TangentialCfg(positive, negative, guidance_scale, damping)
