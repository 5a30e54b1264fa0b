"""PAG and SoftPAG: go away from what the model answers when its picture tokens see mostly themselves.

Reference: Ahn et al., Self-Rectifying Diffusion Sampling with Perturbed-Attention Guidance (2024), https://arxiv.org/abs/2403.17377
Reference: Ahn et al., Fine-Grained Perturbation Guidance via Attention Head Selection (2025), https://arxiv.org/abs/2506.10978
"""

from __future__ import annotations

from typing import Annotated

from app.engine.block_choice import read_blocks
from app.engine.conditioning import Conditioning
from app.engine.guidance.perturbation import PerturbedAttentionGuidance, SelfOnly
from app.engine.sampling import Guider
from app.graph.node import node
from app.graph.widgets import Slider, TextLine


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
