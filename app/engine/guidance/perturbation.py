"""PAG and SoftPAG: go away from what the model answers when its picture tokens see mostly themselves.

Reference: Ahn et al., Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance (2024), https://arxiv.org/abs/2403.17377
Reference: Ahn et al., Fine-Grained Perturbation Guidance via Attention Head Selection (2025), https://arxiv.org/abs/2506.10978
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from app.engine.block_choice import BlockChoice
from app.engine.conditioning import Conditioning
from app.engine.model import Model, Patch
from app.engine.sampling import Branch
from app.engine.sites import Attention, Heads
from app.engine.step import Step

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
