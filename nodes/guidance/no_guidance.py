"""No guidance: the model's answer as it is, for models that have guidance built in, and as a baseline.

Reference: Lipman et al., Flow Matching for Generative Modeling (2022), https://arxiv.org/abs/2210.02747
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.sampling import Branch, Guider
from app.graph.node import node


@dataclass(frozen=True, eq=False)
class NoGuidance:
    """The cond branch alone."""

    positive: Conditioning

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        return branch(latent, sigma, self.positive, "cond")

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes


@node()
def no_guidance(positive: Conditioning) -> Guider:
    """Take the model's answer to one prompt as it is.

    Args:
        positive: What the picture should show.
    """
    return NoGuidance(positive)
