"""What a technique says about a run, as JSON data that the canvas can draw."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from typing import Any


def grid_report(
    technique: str, steps: int, branches: Iterable[Sequence[str]], cells: str = "blocks"
) -> dict[str, Any]:
    """Report a row for each call of the model, and a letter in it for each block or module.

    Args:
        technique: Name of its node.
        steps: Number of sampling steps.
        branches: Rows of each guidance branch; they are woven together as the calls came.
        cells: What a letter stands for. `c` is computed, `r` reused, `p` predicted.
    """
    grid = [row for row in chain.from_iterable(zip_longest(*branches)) if row]
    total = sum(map(len, grid))
    skipped = total - sum(row.count("c") for row in grid)
    return {
        "technique": technique,
        "steps": steps,
        cells: max(map(len, grid), default=0),
        f"skipped_{cells}": skipped,
        "calls_saved": skipped / total if total else 0.0,
        "grid": grid,
    }
