"""NAG: a negative prompt inside attention, which works on few-step models without classifier-free guidance.

Reference: Chen et al., Normalized Attention Guidance (2025), https://arxiv.org/abs/2505.21179
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning, stacked
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.sampling import Branch, Guider
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass(frozen=True, eq=False)
class TwoPrompts(Patch[None]):
    """Runs both prompts; where picture tokens look at text, both go on with the guided result."""

    image_attention: ClassVar[bool] = False

    negative: Conditioning
    scale: float
    tau: float
    alpha: float

    def wrap_model(
        self, step: Step, memory: None, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        if not step.branch.startswith("cond"):
            return call(given)
        pictures = len(given.latent)
        both = stacked(given.conditioning, self.negative.for_batch(pictures))
        return call(replace(given, latent=torch.cat([given.latent] * 2), conditioning=both))[:pictures]

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        output = call(heads)
        rows = step.layout.spans(attention.queries).get("image")
        if not step.branch.startswith("cond") or rows is None or attention.keys == "image":
            return output
        positive, negative = output[:, :, rows].chunk(2)
        output = output.clone()
        output[:, :, rows] = torch.cat([self.guided(positive, negative)] * 2)
        return output

    def guided(self, positive: Tensor, negative: Tensor) -> Tensor:
        """Go on from negative to positive (B, K, N, d), at most `tau` times as long, then mix by `alpha`."""
        guided = positive * self.scale - negative * (self.scale - 1)
        length, before = (x.abs().sum((1, 3), keepdim=True) for x in (guided, positive))
        longest = self.tau * before
        guided = guided * torch.where(length > longest, longest / length.clamp(min=1e-8), 1.0)
        return self.alpha * guided + (1 - self.alpha) * positive


@dataclass(frozen=True, eq=False)
class NormalizedAttentionGuidance:
    """The cond branch, with the negative prompt in its attention."""

    positive: Conditioning
    patch: TwoPrompts

    def patched(self, model: Model) -> Model:
        """Put the patch around all others, so that they see both prompts as one batch."""
        if self.patch.scale == 1 or self.patch.alpha == 0:
            return model
        return replace(model, patches=(self.patch, *model.patches))

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        return branch(latent, sigma, self.positive, "cond")

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.patch.negative.nbytes


@node()
def normalized_attention_guidance(
    positive: Conditioning,
    negative: Conditioning,
    scale: Annotated[float, Slider(1.0, 15.0, step=0.1)] = 5.0,
    tau: Annotated[float, Slider(1.0, 10.0, step=0.1)] = 2.5,
    alpha: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.25,
) -> Guider:
    """Avoid a negative prompt with models that take no guidance. Doubles the time of a step.

    Args:
        positive: What the picture should show.
        negative: What it should not show.
        scale: How far to go from the negative answer to the positive one and on; 1 ignores the negative side.
        tau: How many times as long as before the result of attention may become.
        alpha: How much of the result to take; 0 ignores the negative side.
    """
    return NormalizedAttentionGuidance(positive, TwoPrompts(negative, scale, tau, alpha))
