"""Contextual repulsion: pictures of one prompt push each other apart in what the model makes of the text.

The text tokens of the samples in a batch move away from each other inside the forward pass, in the middle
blocks and early steps, so it works in few-step models too. The kernel and the step are ours.

Reference: Dahary et al., On-the-fly Repulsion in the Contextual Space (2026), https://arxiv.org/abs/2603.28762
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import torch
from torch import Tensor

from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.sites import Block
from app.engine.step import Step
from app.engine.tokens import Tokens
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Slider


@dataclass
class Memory:
    """Which samples have the same prompt, (B, B), and how often they were pushed apart."""

    same: Tensor | None = None
    pushes: int = 0


@dataclass(frozen=True)
class ContextualRepulsion(Patch[Memory]):
    """After each block between `start` and `end` of the trunk, in the first `steps` of the run.

    Attributes:
        strength: How far samples move, relative to how far apart they are.
        start: Share of the blocks after which it begins.
        end: Share of the blocks after which it ends.
        steps: Share of the steps, at the beginning.
    """

    strength: float
    start: float
    end: float
    steps: float

    def new_memory(self) -> Memory:
        return Memory()

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        _, prompt = torch.unique(given.conditioning.tokens.flatten(1), dim=0, return_inverse=True)
        memory.same = prompt[:, None] == prompt[None]
        return call(given)

    def wrap_block(
        self, step: Step, memory: Memory, block: Block, tokens: Tokens, call: Callable[[Tokens], Tokens]
    ) -> Tokens:
        after = call(tokens)
        if self.strength == 0 or not block.in_trunk or step.branch != "cond":
            return after
        if tokens.text is None:
            raise Refusal(
                "Contextual repulsion moves text tokens, and this model keeps none in its blocks.",
                "Use a model whose blocks carry picture and text, such as Flux, or remove the technique.",
                code="nothing_to_patch",
                input="model",
            )
        inside = self.start * block.count <= block.depth < self.end * block.count
        early = step.index < self.steps * step.total
        if not (inside and early) or after.text is None or len(after.text) == 1 or memory.same is None:
            return after
        memory.pushes += 1
        same = memory.same.to(after.text.device)
        return Tokens({**after.streams, "text": pushed_apart(after.text, same, self.strength)})

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any] | None:
        pushes = sum(memory.pushes for memory in memories.values())
        return {"technique": "contextual_repulsion", "pushes": pushes} if pushes else None


def pushed_apart(text: Tensor, same: Tensor, strength: float) -> Tensor:
    """Move text tokens (B, L, D) away from those of other samples with the same prompt.

    Args:
        text: Each token keeps its norm.
        same: (B, B), True where two samples have the same prompt.
        strength: Factor on the way.
    """
    tokens = text.float()
    place = torch.nn.functional.normalize(tokens.mean(1), dim=-1)
    apart = place[:, None] - place[None]
    squared, pairs = (
        apart.square().sum(-1),
        same & ~torch.eye(len(same), dtype=torch.bool, device=same.device),
    )
    if not pairs.any():
        return text
    width = squared[pairs].median().clamp(min=1e-12)
    push = ((-squared / width).exp() * pairs)[..., None] * apart
    norms = tokens.norm(dim=-1, keepdim=True)
    moved = tokens + strength * norms * push.sum(1)[:, None]
    turned: Tensor = torch.nn.functional.normalize(moved, dim=-1) * norms
    return turned.to(text.dtype)


@node(patch=ContextualRepulsion)
def contextual_repulsion(
    model: Model,
    strength: Annotated[float, Slider(0.0, 10.0, step=0.1)] = 1.0,
    start: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.35,
    end: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.65,
    steps: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 0.3,
) -> Model:
    """Make the pictures of one batch differ more from each other. Needs a batch of two at least.

    Args:
        model: The diffusion transformer; its blocks must carry picture and text, as in Flux.
        strength: How strongly pictures of the same prompt push each other apart; 0 changes nothing.
        start: Share of the blocks after which it begins.
        end: Share of the blocks after which it ends.
        steps: Share of the steps, at the beginning, in which it works.
    """
    return model.with_patch(ContextualRepulsion(strength, start, end, steps))
