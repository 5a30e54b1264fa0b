"""Skip-layer guidance: go away from what the model answers without some of its blocks.

Reference: Stability AI, Stable Diffusion 3.5 (2024), https://github.com/Stability-AI/sd3.5
Reference: Hyung et al., Spatiotemporal Skip Guidance (2024), https://arxiv.org/abs/2411.18664
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from torch import Tensor

from app.engine.block_choice import BlockChoice, read_blocks
from app.engine.conditioning import Conditioning
from app.engine.model import Model, Patch
from app.engine.sampling import Branch, Guider
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.widgets import Slider, TextLine

SKIPPED = "skipped"


@dataclass(frozen=True)
class SkipBlocks(Patch[None]):
    """In the branch `skipped`, tokens pass the chosen blocks as they are."""

    blocks: BlockChoice

    def wrap_block(
        self, step: Step, memory: None, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        return tokens if step.branch.startswith(SKIPPED) and self.blocks.holds(block) else call(tokens)


@dataclass(frozen=True, eq=False)
class SkipLayerGuidance:
    """Classifier-free guidance plus skip_scale * (cond - skipped), in a part of the run."""

    positive: Conditioning
    negative: Conditioning
    guidance_scale: float
    skip_scale: float
    span: tuple[float, float]
    patch: SkipBlocks

    def patched(self, model: Model) -> Model:
        """Put the patch next to the model, so that caches see whole blocks that happen to change nothing."""
        return model if self.skip_scale == 0 else model.with_patch(self.patch)

    def __call__(self, branch: Branch, latent: Tensor, sigma: float) -> Tensor:
        cond = branch(latent, sigma, self.positive, "cond")
        guided = cond
        if self.guidance_scale != 1:
            uncond = branch(latent, sigma, self.negative, "uncond")
            guided = uncond + self.guidance_scale * (cond - uncond)
        if self.skip_scale == 0 or not branch.place.within(*self.span):
            return guided
        return guided + self.skip_scale * (cond - branch(latent, sigma, self.positive, SKIPPED))

    @property
    def nbytes(self) -> int:
        return self.positive.nbytes + self.negative.nbytes


@node()
def skip_layer_guidance(
    positive: Conditioning,
    negative: Conditioning,
    guidance_scale: Annotated[float, Slider(1.0, 20.0, step=0.1)] = 4.0,
    skip_scale: Annotated[float, Slider(0.0, 10.0, step=0.1)] = 2.5,
    start: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    end: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.2,
    blocks: Annotated[str, TextLine()] = "",
) -> Guider:
    """Improve anatomy and shapes by going away from a weaker model. One more call of the model in some steps.

    Args:
        positive: What the picture should show.
        negative: What it should not show; an encoded empty prompt is usual.
        guidance_scale: How strictly to follow the prompt; 1 leaves the negative side out.
        skip_scale: How far to go away from the answer with skipped blocks; 0 is plain guidance.
        start: Share of the steps after which it begins.
        end: Share of the steps after which it ends.
        blocks: Which blocks to skip: 7, 8-9; empty for the middle one. SD 3.5 medium wants 7, 8, 9.
    """
    patch = SkipBlocks(read_blocks(blocks))
    return SkipLayerGuidance(positive, negative, guidance_scale, skip_scale, (start, end), patch)
