"""Noise levels typed in by hand, for published schedules and for experiments.

Reference: Sabour et al., Align Your Steps (2024), https://arxiv.org/abs/2404.14507
"""

from __future__ import annotations

from math import isfinite, nan
from typing import Annotated

from app.engine.sampling import Sigmas
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import TextBox


@node()
def manual_sigmas(sigmas: Annotated[str, TextBox(lines=2)] = "1, 0.75, 0.5, 0.25, 0") -> Sigmas:
    """Use the noise levels you type.

    Args:
        sigmas: Falling numbers from 1 (noise) at most to 0 (picture), with commas or spaces between them.
    """
    values = tuple(number(word) for word in sigmas.replace(",", " ").replace(";", " ").split())
    if len(values) == 1:
        raise Refusal(
            f"One noise level, {values[0]:g}, makes no step.",
            "Type at least two: where a step begins and where it ends, such as 1, 0.5, 0.",
            code="bad_sigmas",
            input="sigmas",
        )
    return Sigmas(values)


def number(word: str) -> float:
    """Read one noise level; texts such as `nan` and `inf` are none."""
    try:
        value = float(word)
    except ValueError:
        value = nan
    if not isfinite(value):
        raise Refusal(
            f"{word!r} is not a number.",
            "Type noise levels such as 1, 0.75, 0.5, 0.25, 0, with a point for decimals.",
            code="bad_sigmas",
            input="sigmas",
        )
    return value
