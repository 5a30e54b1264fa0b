"""Results as Markdown tables."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

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
    lines = [
        *table(heads, map(cells, comparison.rows)),
        "",
        f"{', '.join(comparison.techniques)}: {comparison.verdict}.",
    ]
    return "\n".join(lines)


def cells(row: Row) -> tuple[str, ...]:
    found = row.quality
    figures = (
        ("", "", "")
        if found is None
        else (number(found.psnr, 1), number(found.ssim), number(found.latent_error))
    )
    return (
        row.name,
        str(row.steps),
        f"{row.time:.2f}",
        "" if row.saved is None else f"{row.saved:.0%}",
        *figures,
    )


def number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}"
