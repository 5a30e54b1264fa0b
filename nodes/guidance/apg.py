"""APG: guidance without the part that only makes the answer stronger, which is what burns out colours.

With momentum the change is an average over the steps so far; a negative one pushes away from what earlier
steps have done already.

Reference: Sadat et al., Eliminating Oversaturation of High Guidance Scales (2024), https://arxiv.org/abs/2410.02416
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.guidance.projection import norm, share_along
from app.engine.sampling import Branch, Guider
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True, eq=False)
class Apg:
    """cond + (guidance_scale - 1) * push: push is cond - uncond, shortened, its part along cond times eta."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    eta: float
    threshold: float
    momentum: float

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        if self.guidance_scale == 1:
            return cond
        uncond = branch(latent, sigma, self.negative, "uncond")
        if self.eta == 1 and self.threshold == 0 and self.momentum == 0:
            return uncond + self.guidance_scale * (cond - uncond)
        push = self.averaged(cond - uncond, branch)
        if self.threshold > 0:
            push = push * (self.threshold / norm(push).clamp(min=self.threshold))
        push = push + (self.eta - 1) * share_along(push, cond) * cond
        return cond + (self.guidance_scale - 1) * push

    def averaged(self, push: Tensor, branch: Branch) -> Tensor:
        """Return the change plus momentum times the average so far; the evaluations of a step share that."""
        if self.momentum == 0:
            return push
        before, now = ("apg push 1", "apg push 2")[:: 1 if branch.place.index % 2 else -1]
        if before in branch.memory and branch.place.index > 0:
            push = push + self.momentum * branch.memory[before]
        branch.memory[now] = push
        return push

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node(title="APG")
def apg(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 30.0, step=0.1)] = 5.0,
    eta: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    threshold: Annotated[float, Slider(0.0, 100.0, step=0.5)] = 0.0,
    momentum: Annotated[float, Slider(-1.0, 1.0, step=0.05)] = 0.0,
) -> Guider:
    """Follow a prompt strictly without burnt-out colours. Doubles the time of a step.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly: 1 ignores the negative side; higher values than usual stay usable.
        eta: How much to keep of the part that only strengthens the answer: 1 is plain guidance, 0 none.
        threshold: Greatest length of the change over a whole latent; 0 for no limit. Grows with its size.
        momentum: Share of the earlier steps' change to add; the paper uses -0.5 to -0.75, 0 is none.
    """
    return Apg(positive, negative, guidance_scale, eta, threshold, momentum)
