"""Residual CFG: guidance with one call of the model without the prompt for the whole run, or none.

The answer without the prompt is thought to be one clean latent throughout: the model's own first answer, or
the latent that the run starts from. The noise that then stands between it and the latent at hand is the
paper's virtual residual noise. It is made for one to four steps at a low scale: near the end the model's
answer is the latent itself, which every step then pushes further from the anchor.

Reference: Kodaira et al., StreamDiffusion (2023), https://arxiv.org/abs/2312.12491
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar

from torch import Tensor

from app.engine.media import Latent
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.report import grid_report
from app.engine.step import Step
from app.graph.node import node
from app.graph.widgets import Slider


@dataclass
class Memory:
    """The clean latent that stands for the answer without the prompt."""

    anchor: Tensor | None = None
    rows: list[str] = field(default_factory=list)
    steps: int = 0


@dataclass(frozen=True, eq=False)
class ResidualCfg(Patch[Memory]):
    """Answers in branch `uncond` with velocity delta * (latent - anchor) / sigma.

    Without `start` the anchor is what the model says in the first call; `start` takes that call's place.
    """

    delta: float
    start: Latent | None = None

    claims: ClassVar[frozenset[str]] = frozenset({"branches"})

    def new_memory(self) -> Memory:
        return Memory(None if self.start is None else self.start.samples.float())

    def wrap_model(
        self, step: Step, memory: Memory, given: ModelInput, call: Callable[[ModelInput], Tensor]
    ) -> Tensor:
        memory.steps = step.total
        if step.side != "uncond" or memory.anchor is None:
            memory.rows.append("c")
            denoised = call(given)
            if step.side == "uncond":
                memory.anchor = denoised
            return denoised
        memory.rows.append("p")
        anchor = memory.anchor.to(given.latent)
        return given.latent - self.delta * (given.latent - anchor)

    def report(self, memories: Mapping[str, Memory]) -> dict[str, Any]:
        steps = max(memory.steps for memory in memories.values())
        rows = [memory.rows for memory in memories.values()]
        return grid_report("residual_cfg", steps, rows, cells="calls")


@node(patch=ResidualCfg, title="Residual CFG")
def residual_cfg(
    model: Model,
    delta: Annotated[float, Slider(0.0, 1.0, step=0.05)] = 1.0,
    latent: Latent | None = None,
) -> Model:
    """Guide away from a fixed picture instead of asking the model without the prompt at every step.

    Args:
        model: The diffusion transformer, sampled with CFG in one to four steps at a guidance scale of about
            1.2 to 1.5; more of either burns out.
        delta: How much of the residual noise counts; lower is milder.
        latent: The clean latent to guide away from, usually the one that sampling starts from; unconnected,
            the model is asked once.
    """
    return model.with_patch(ResidualCfg(delta, latent))
