"""What a technique says about a run, as JSON data that the canvas can draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, zip_longest
from typing import Any

from torch import Tensor

from app.engine.tokens import Layout


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


def tokens_report(
    technique: str, steps: int, layout: Layout | None, computed: Sequence[Tensor | None]
) -> dict[str, Any]:
    """Report how many image tokens each call of the model computed, and where in the picture.

    Args:
        technique: Name of its node.
        steps: Number of sampling steps.
        layout: Tokens of the whole picture; None when the run ended before the first call.
        computed: For each call the tokens that were computed, as indices into the grid; None for all.

    `token_map` has a string for each row of tokens, frame after frame, and in it for each token the share of
    calls that computed it, from `0` (none) to `9` (all).
    """
    whole = layout.image if layout else 0
    counts = [whole if active is None else len(active) for active in computed]
    total = len(counts) * whole
    return {
        "technique": technique,
        "steps": steps,
        "tokens": whole,
        "computed_tokens": sum(counts),
        "tokens_saved": 1 - sum(counts) / total if total else 0.0,
        "tokens_by_call": counts,
        "token_map": token_map(layout, computed) if layout and computed else [],
    }


def token_map(layout: Layout, computed: Sequence[Tensor | None]) -> list[str]:
    """Return a digit for each token: how often it was computed, 0 to 9."""
    times = [0] * layout.image
    for active in computed:
        for token in range(layout.image) if active is None else active.tolist():
            times[token] += 1
    digits = "".join(str(9 * count // len(computed)) for count in times)
    columns = layout.grid[-1]
    return [digits[at : at + columns] for at in range(0, len(digits), columns)]


def share_saved(report: Mapping[str, Any]) -> float | None:
    """Return the share of calls, tokens or query-key pairs that was not computed, if the report has one."""
    if "density" in report:
        return float(1 - report.get("computed_pairs", report["density"]))
    found = next((report[name] for name in ("calls_saved", "tokens_saved") if name in report), None)
    return None if found is None else float(found)
