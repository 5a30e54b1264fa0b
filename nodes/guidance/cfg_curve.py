"""Classifier-free guidance whose scale follows a curve over the run.

Reference: Wang et al., Analysis of Classifier-Free Guidance Weight Schedulers (2024), https://arxiv.org/abs/2404.13040
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Branch, Guider
from app.engine.schedules.curves import height_at, read_points
from app.graph.node import node
from app.graph.widgets import Curve


@dataclass(frozen=True, eq=False)
class CfgCurve:
    """uncond + scale * (cond - uncond) with the curve's scale at a step; uncond is not asked at scale 1."""

    positive: Conditioning
    negative: Conditioning
    points: tuple[tuple[float, float], ...]

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        place = branch.place
        scale = height_at(list(self.points), place.index / max(1, place.total - 1))
        if scale == 1:
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        return uncond + scale * (cond - uncond)

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="CFG by a curve")
def cfg_curve(
    positive: Conditioning,
    negative: Conditioning,
    curve: Annotated[str, Curve(0.0, 15.0)] = "[[0, 1], [0.3, 5], [1, 3]]",
) -> Guider:
    """Follow a prompt as strictly as a curve says, step by step. Doubles the time of steps above or below 1.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        curve: The guidance scale from the first step (0) to the last (1); 1 ignores the negative side.
    """
    return CfgCurve(positive, negative, tuple(read_points(curve)))
