"""Where in a sampling run a transformer call is. The run tells; a technique never counts calls."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from app.engine.tokens import Layout


@dataclass(frozen=True)
class Place:
    """Where a guider is asked.

    Attributes:
        index: Sampling step, from 0.
        total: Number of sampling steps.
        evaluation: How many evaluations the solver has made in this step before; 0 for first-order samplers.
    """

    index: int
    total: int
    evaluation: int = 0

    def within(self, start: float, end: float) -> bool:
        """Whether this step lies in a part of the run; 0 is its beginning, 1 its end."""
        return start <= self.index / self.total < end


@dataclass
class Step:
    """One transformer call.

    Attributes:
        index: Sampling step, from 0.
        total: Number of sampling steps.
        sigma: Noise level, from 1 to 0.
        branch: Which guidance branch asks: `cond`, `uncond` or a name of the guider's own.
        evaluation: How many evaluations the solver has made in this step before; 0 for first-order samplers.
        layout: Tokens that the trunk works on now.
        share: How much of the model's own schedule lies before this noise level: 0 at pure noise, 1 at the
            picture, however many steps this run has and wherever it begins.
    """

    index: int
    total: int
    sigma: float
    branch: str
    evaluation: int
    layout: Layout
    share: float = 0.0

    @property
    def side(self) -> str:
        """The guidance branch, without the number by which regional prompts tell their parts apart."""
        return self.branch.rstrip("0123456789")

    @property
    def whole(self) -> Layout:
        """Tokens of the whole picture."""
        return self.layout.subset(None)

    def select(self, active: Tensor | None) -> None:
        """From the next block on, let the trunk work on the image tokens `active` only; None for all."""
        self.layout = self.layout.subset(active)
