"""PAG and SoftPAG: go away from what the model answers when its picture tokens see mostly themselves.

Reference: Ahn et al., Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance (2024), https://arxiv.org/abs/2403.17377
Reference: Ahn et al., Fine-Grained Perturbation Guidance via Attention Head Selection (2025), https://arxiv.org/abs/2506.10978
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated

from torch import Tensor

from app.engine.block_choice import BlockChoice, read_blocks
from app.engine.conditioning import Conditioning
from app.engine.model import Model, Patch
from app.engine.sampling import Branch, Guider
from app.engine.sites import Attention, Heads
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Slider, TextLine

PERTURBED = "perturbed"


@dataclass(frozen=True)
class SelfOnly(Patch[None]):
    """In the branch `perturbed`, (1 - u) * attention + u * own value for picture tokens."""

    blocks: BlockChoice
    softness: float

    def wrap_attention(
        self, step: Step, memory: None, attention: Attention, heads: Heads, call: Callable[[Heads], Tensor]
    ) -> Tensor:
        output = call(heads)
        spans = step.layout.spans(attention.queries)
        if not step.branch.startswith(PERTURBED) or not attention.is_self or "image" not in spans:
            return output
        if not self.blocks.holds(attention.block):
            return output
        rows, chosen = spans["image"], self.blocks.heads_of(attention.block)
        own = heads.value.repeat_interleave(output.shape[1] // heads.value.shape[1], dim=1)
        which = slice(None) if chosen is None else list(chosen)
        output = output.clone()
        output[:, which, rows] = output[:, which, rows].lerp(own[:, which, rows], self.softness)
        return output


@dataclass(frozen=True, eq=False)
class PerturbedAttentionGuidance:
    """Classifier-free guidance plus perturbation_scale * (cond - perturbed)."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    perturbation_scale: float
    patch: SelfOnly

    def patched(self, model: Model) -> Model:
        """Put the patch around all others: what they compute is then perturbed as a whole."""
        if self.idle:
            return model
        return replace(model, patches=(self.patch, *model.patches))

    @property
    def idle(self) -> bool:
        return self.perturbation_scale == 0 or self.patch.softness == 0

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        guided = cond
        if self.guidance_scale != 1:
            uncond = branch(latent, sigma, self.negative, "uncond")
            guided = uncond + self.guidance_scale * (cond - uncond)
        if self.idle:
            return guided
        return guided + self.perturbation_scale * (cond - branch(latent, sigma, self.positive, PERTURBED))

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node()
def perturbed_attention_guidance(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 3.0,
    perturbation_scale: Annotated[float, Slider(0.0, 10.0, step=0.1)] = 3.0,
    softness: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    blocks: Annotated[str, TextLine()] = "",
) -> Guider:
    """Sharpen shapes by going away from a structureless answer. One more call of the model a step.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly to follow the prompt; 1 leaves the negative side out.
        perturbation_scale: How far to go away from the perturbed answer; 0 is plain guidance.
        softness: How far attention is turned into looking at oneself: 1 wholly (PAG), less is SoftPAG, 0 not.
        blocks: Which blocks to perturb: 7, 8-10, or single heads such as 12.0.3; empty for the middle one.
    """
    patch = SelfOnly(read_blocks(blocks), softness)
    return PerturbedAttentionGuidance(positive, negative, guidance_scale, perturbation_scale, patch)
