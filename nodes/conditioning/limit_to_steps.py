"""Let a prompt speak in a part of the run; combined with others, prompts follow one another.

Reference: Balaji et al., eDiff-I (2022), https://arxiv.org/abs/2211.01324
"""

from __future__ import annotations

from typing import Annotated

from app.engine.conditioning import Conditioning
from app.graph.node import node
from app.graph.widgets import Slider


@node()
def limit_to_steps(
    conditioning: Conditioning,
    start: Annotated[float, Slider(0.0, 1.0, step=0.001)] = 0.0,
    end: Annotated[float, Slider(0.0, 1.0, step=0.001)] = 1.0,
) -> Conditioning:
    """Let a prompt count in a part of the run only. Combine it with prompts for the other parts.

    Args:
        conditioning: The prompt.
        start: Share of the run from which on it counts; 0 is pure noise.
        end: Share of the run up to which it counts; 1 is the finished picture.
    """
    return conditioning.scoped(start=start, end=end)
