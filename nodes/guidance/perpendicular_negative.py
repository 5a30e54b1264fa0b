"""Perp-Neg: go away from a negative prompt only as far as that does not undo the positive one.

Reference: Armandpour et al., Re-imagine the Negative Prompt Algorithm (2023), https://arxiv.org/abs/2304.04968
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
class PerpendicularNegative:
    """uncond + guidance_scale * (toward - strength * the part of away that is at right angles to toward)."""

    positive: Conditioning
    negative: Conditioning
    empty: Conditioning
    guidance_scale: float
    strength: float

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1 and self.strength == 0:
            return cond
        uncond = branch(latent, sigma, self.empty, "uncond")
        toward = cond - uncond
        if self.strength == 0:
            return uncond + self.guidance_scale * toward
        away = branch(latent, sigma, self.negative, "negative") - uncond
        beside = away - share_along(away, toward) * toward
        return uncond + self.guidance_scale * (toward - self.strength * beside)

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes + self.empty.nbytes


@node()
def perpendicular_negative(
    positive: Conditioning,
    negative: Conditioning,
    empty: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    strength: Annotated[float, Slider(0.0, 3.0, step=0.05)] = 1.0,
) -> Guider:
    """Avoid a negative prompt that shares words with the positive one. Triples the time of a step.

    Args:
        positive: What the picture should show.
        negative: What it should not show.
        empty: An encoded empty prompt.
        guidance_scale: How strictly to follow both prompts; 3 to 7 is usual.
        strength: How strongly to avoid the negative prompt; 0 is plain guidance and asks two branches only.
    """
    return PerpendicularNegative(positive, negative, empty, guidance_scale, strength)
