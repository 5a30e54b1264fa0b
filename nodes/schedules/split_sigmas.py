"""Cut a schedule in two, for runs in two stages.

Reference: Podell et al., SDXL (2023), https://arxiv.org/abs/2307.01952
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number


class Halves(NamedTuple):
    """The noisier part and the rest; the level between them belongs to both."""

    high: Sigmas
    low: Sigmas


@node()
def split_sigmas(sigmas: Sigmas, step: Annotated[int, Number(0, 1000)] = 10) -> Halves:
    """Cut a schedule after a step: one run goes down to there, another goes on.

    Args:
        sigmas: The whole schedule.
        step: How many steps the first part has; more than there are leave the second without steps.
    """
    step = min(step, sigmas.steps)
    return Halves(Sigmas(sigmas.values[: step + 1]), Sigmas(sigmas.values[step:]))
