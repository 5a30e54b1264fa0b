"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isinf

from app.measure.bench import Comparison, Row


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table."""
    yield f"| {' | '.join(heads)} |"
    yield "|---" * len(heads) + "|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def comparison_table(comparison: Comparison) -> str:
    """Return the outcome of a comparison: a table and one sentence."""
    heads = ("variant", "steps", "time", "work saved", "PSNR (dB)", "SSIM", "latent error")
    lines = table((*heads, *comparison.plain.figures), map(cells, comparison.rows))
    notes = (f"\n{note}" for note in comparison.notes)
    return "\n".join([*lines, "", f"{', '.join(comparison.techniques)}: {comparison.verdict}.", *notes])


def cells(row: Row) -> tuple[str, ...]:
    """Return what a row shows; the plain run is its own reference."""
    saved, near = "" if row.saved is None else f"{row.saved:.0%}", ("", "", "")
    if row.quality is not None:
        near = number(row.quality.psnr, 1), number(row.quality.ssim), number(row.quality.latent_error)
    return row.name, str(row.steps), number(row.time, 2), saved, *near, *map(number, row.figures.values())


def number(value: float, digits: int = 3) -> str:
    """Return a figure; only the PSNR of equal pictures has no end."""
    return "equal" if isinf(value) else f"{value:.{digits}f}"
