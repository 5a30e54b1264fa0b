"""Put two schedules together.

Reference: Sabour et al., Align Your Steps (2024), https://arxiv.org/abs/2404.14507, for hand-made schedules
"""

from __future__ import annotations

from app.engine.sampling import Sigmas
from app.graph.node import node


@node()
def join_sigmas(first: Sigmas, second: Sigmas) -> Sigmas:
    """Visit the levels of one schedule, then those of another.

    Args:
        first: The noisier levels.
        second: The levels to go on with; a level that both share is taken once.
    """
    repeated = first.values[-1] == second.values[0]
    return Sigmas((*first.values, *second.values[repeated:]))
