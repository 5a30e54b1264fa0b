"""Cut a schedule in two, so that the second part changes a picture by a given strength.

Reference: Meng et al., SDEdit (2021), https://arxiv.org/abs/2108.01073
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Slider


class Halves(NamedTuple):
    """The noisier part and the rest; the level between them belongs to both."""

    high: Sigmas
    low: Sigmas


@node()
def split_sigmas_by_strength(
    sigmas: Sigmas, strength: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.5
) -> Halves:
    """Cut a schedule so that its second part has a share of the steps.

    Args:
        sigmas: The whole schedule.
        strength: Share of the steps in the second part, rounded: 1 is all of them.
    """
    step = sigmas.steps - max(0, round(sigmas.steps * strength))
    return Halves(Sigmas(sigmas.values[: step + 1]), Sigmas(sigmas.values[step:]))
