"""Put further levels between those of a schedule.

Reference: Karras et al., Elucidating the Design Space of Diffusion Models (2022), https://arxiv.org/abs/2206.00364
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import cos, pi, sin
from typing import Annotated, Literal

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.widgets import Number, Slider

Spacing = Literal["even", "late", "early"]
SPACINGS: dict[Spacing, Callable[[float], float]] = {
    "even": lambda share: share,
    "late": lambda share: sin(share * pi / 2),
    "early": lambda share: 1 - cos(share * pi / 2),
}


@node()
def extend_sigmas(
    sigmas: Sigmas,
    parts: Annotated[int, Number(1, 100)] = 2,
    start: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 1.0,
    end: Annotated[float, Slider(0.0, 1.0, step=0.01)] = 0.0,
    spacing: Spacing = "even",
) -> Sigmas:
    """Cut the steps of a schedule into smaller ones, all of them or those that begin within a range.

    Args:
        sigmas: The schedule to change.
        parts: How many steps to make of each; 1 changes nothing.
        start: Steps that begin above this level stay whole.
        end: Steps that begin below this level stay whole.
        spacing: Evenly, or with the new levels close to the end of a step, or to its beginning.
    """
    return Sigmas((*extended(sigmas, parts, (start, end), SPACINGS[spacing]), sigmas.values[-1]))


def extended(
    sigmas: Sigmas, parts: int, span: tuple[float, float], spacing: Callable[[float], float]
) -> Iterator[float]:
    """Yield all levels but the last."""
    for _, sigma, following in sigmas.pairs():
        yield sigma
        if span[1] <= sigma <= span[0]:
            yield from (sigma + spacing(part / parts) * (following - sigma) for part in range(1, parts))
