"""Magnitude ratios typed in by hand, for published ones.

Reference: Ma et al., MagCache (2025), https://arxiv.org/abs/2506.09045
"""

from __future__ import annotations

from typing import Annotated

from app.engine.reuse.magnitudes import MagnitudeRatios
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import TextBox

FLUX_DEV = (
    "1, 1.21094, 1.11719, 1.07812, 1.0625, 1.03906, 1.03125, 1.03906, 1.02344, 1.03125, 1.02344, 0.98047, "
    "1.01562, 1.00781, 1, 1.00781, 1, 1.00781, 1, 1, 0.99609, 0.99609, 0.98047, 0.98828, 0.96484, 0.95703, "
    "0.93359, 0.89062"
)


@node()
def magnitude_ratios(ratios: Annotated[str, TextBox(lines=3)] = FLUX_DEV) -> MagnitudeRatios:
    """Tell MagCache how the size of what the blocks add changes; the values given are those of FLUX.1-dev.

    Args:
        ratios: A number above 0 for each step, the first is 1, with commas or spaces between them.
    """
    return MagnitudeRatios(tuple(number(word) for word in ratios.replace(",", " ").split()))


def number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise Refusal(
            f"{word!r} is not a number.",
            "Type ratios such as 1, 1.2, 1.1, with a point for decimals.",
            code="bad_ratios",
            input="ratios",
        ) from None
