"""Which modules of a transformer run at which step: a table of scores, and how it is learned.

Reference: Huang et al., HarmoniCa (2024), https://arxiv.org/abs/2410.01723
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor

from app.engine.conditioning import Conditioning
from app.engine.installation import open_run
from app.engine.model import Model, Patch
from app.engine.prediction import ModelInput
from app.engine.run import Run
from app.engine.sites import Arguments, Part
from app.engine.step import Step
from app.engine.storage import Stored
from app.graph.problem import Refusal

LIMIT = 5.0  # of the parameters behind the scores, as in the authors' code


@dataclass(frozen=True, eq=False)
class RouterTable(Stored):
    """How needed each module is at each step.

    Attributes:
        scores: (steps, modules), 0 to 1; modules of the trunk in the order in which they run. A table of one
            column holds for every module.
    """

    scores: Tensor

    @staticmethod
    def from_text(text: str) -> RouterTable:
        """Read a line for each step, and in it a letter for each module: `c` runs, `r` is reused."""
        rows = text.split()
        if not rows or len({len(row) for row in rows}) > 1 or set("".join(rows)) - {"c", "r"}:
            raise Refusal(
                "A router is a line for each step, all of one length, with c for a module that runs and r "
                "for one that is reused.",
                "Copy the rows from the report of Learn router.",
                code="bad_router",
                input="rows",
            )
        return RouterTable(torch.tensor([[float(letter == "c") for letter in row] for row in rows]))

    def rows(self, threshold: float) -> list[str]:
        """Return what runs when scores above `threshold` do, as text; in the first step all do."""
        runs = self.scores > threshold
        runs[0] = True
        return ["".join("c" if run else "r" for run in row) for row in runs.tolist()]

    def runs(self, step: Step, module: int, threshold: float) -> bool:
        """Whether the module runs at a step; the nearest row where the table is for other step numbers."""
        rows = len(self.scores)
        row = round(step.index * (rows - 1) / (step.total - 1)) if step.total > 1 else 0
        column = module if self.scores.shape[1] > 1 else 0
        return step.index == 0 or bool(self.scores[row, column] > threshold)


@dataclass
class Routing:
    """What the pass at hand does with modules, and what they returned last.

    Attributes:
        weights: (modules,), share of each module's new output, the rest is its old one; None for all new.
        kept: What each module returned in the last routed pass.
        found: What each returned in this one.
        places: Number of each module in the table.
    """

    weights: Tensor | None = None
    kept: dict[Part, tuple[Tensor, ...]] = field(default_factory=dict)
    found: dict[Part, tuple[Tensor, ...]] = field(default_factory=dict)
    places: dict[Part, int] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class MixesModules(Patch[None]):
    """Mixes new and old outputs of every module as `routing` says, so that gradients reach the shares."""

    routing: Routing

    def wrap_module(
        self, step: Step, memory: None, part: Part, given: Arguments, call: Callable[[Arguments], Any]
    ) -> Any:
        if not part.block.in_trunk:
            return call(given)
        routing, output = self.routing, call(given)
        outputs = output if isinstance(output, tuple) else (output,)
        place = routing.places.setdefault(part, len(routing.places))
        if routing.weights is not None and part in routing.kept:
            share, old = routing.weights[place], routing.kept[part]
            outputs = tuple(share * x + (1 - share) * y for x, y in zip(outputs, old, strict=True))
        routing.found[part] = tuple(x.detach() for x in outputs)
        return outputs if isinstance(output, tuple) else outputs[0]


@dataclass(frozen=True, eq=False)
class RouterTraining:
    """Learns a table for a model: little error at each step, few modules that run.

    Attributes:
        model: The model; techniques on it are left out.
        conditioning: Prompts to learn from, sampled together, without guidance.
        steps: Even steps from noise to picture that the table is for.
        sparsity: How much a module that runs weighs against error.
        rate: Learning rate of Adam.
        seed: Of the noises.
    """

    model: Model
    conditioning: Conditioning
    steps: int
    sparsity: float
    rate: float
    seed: int

    def learn(self, shape: Sequence[int], iterations: int, told: Callable[[int], None]) -> RouterTable:
        """Learn from `iterations` samplings of latents of `shape`; `told` gets how many are done."""
        routing, random = Routing(), torch.Generator().manual_seed(self.seed)
        plain = self.model.plain.with_patch(MixesModules(routing))
        with open_run(plain) as run:
            weights = self.importance(run, routing, torch.randn(tuple(shape), generator=random))
            logits = torch.zeros(self.steps, len(routing.places), requires_grad=True)
            optimizer = torch.optim.Adam([logits], lr=self.rate)
            for iteration in range(iterations):
                told(iteration)
                noise = torch.randn(tuple(shape), generator=random)
                self.descend(run, routing, noise, logits, weights, optimizer)
        told(iterations)
        return RouterTable(logits.detach().sigmoid())

    def descend(
        self,
        run: Run,
        routing: Routing,
        noise: Tensor,
        logits: Tensor,
        weights: list[float],
        optimizer: torch.optim.Optimizer,
    ) -> None:
        """Sample once with the routers at work and improve each step's row on the way."""
        latent, routing.kept = noise.to(self.model.device), {}
        for index in range(self.steps):
            with torch.no_grad():
                whole = self.velocity(run, routing, latent, index, None)
            if index == 0:
                routing.kept, velocity = dict(routing.found), whole
            else:
                shares = logits[index].sigmoid()
                velocity = self.velocity(run, routing, latent, index, shares)
                error = (velocity - whole).square().mean() / whole.square().mean()
                loss = weights[index] * error + self.sparsity * shares.mean()
                optimizer.zero_grad(set_to_none=True)
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
                with torch.no_grad():
                    logits.clamp_(-LIMIT, LIMIT)
                routing.kept = dict(routing.found)
            latent = latent - velocity.detach() / self.steps

    @torch.no_grad()
    def importance(self, run: Run, routing: Routing, noise: Tensor) -> list[float]:
        """Return for each step how much the picture changes if that step alone reuses everything; mean 1."""
        reference = self.sample(run, routing, noise, None)
        found = [0.0]
        for index in range(1, self.steps):
            change = self.sample(run, routing, noise, index) - reference
            found.append(change.square().mean().item())
        mean = sum(found) / max(1, self.steps - 1)
        return [value / mean if mean else 1.0 for value in found]

    def sample(self, run: Run, routing: Routing, noise: Tensor, reusing: int | None) -> Tensor:
        latent, routing.kept = noise.to(self.model.device), {}
        for index in range(self.steps):
            nothing = torch.zeros(len(routing.places), device=latent.device) if index == reusing else None
            velocity = self.velocity(run, routing, latent, index, nothing)
            if nothing is None:
                routing.kept = dict(routing.found)
            latent = latent - velocity / self.steps
        return latent

    def velocity(
        self, run: Run, routing: Routing, latent: Tensor, index: int, shares: Tensor | None
    ) -> Tensor:
        sigma = 1 - index / self.steps
        routing.weights, routing.found = shares, {}
        given = ModelInput(latent, sigma, self.conditioning.for_batch(len(latent)))
        denoised = run(given, index=index, total=self.steps, evaluation=0, branch="cond")
        return (latent - denoised) / sigma
