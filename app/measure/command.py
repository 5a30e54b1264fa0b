"""The commands `patchloom bench`, `sweep` and `tune`: what they do and print."""

from __future__ import annotations

import json
import sys
from argparse import Namespace
from pathlib import Path

from app.config import Settings
from app.execution.calls import NodeFailed
from app.graph.catalog import Catalog
from app.graph.workflow import Workflow
from app.measure.bench import Bench
from app.measure.grid import BadAxis, at_point, read_axis
from app.measure.plot import plot
from app.measure.sheet import contact_sheet
from app.measure.sweep import sweep
from app.measure.table import comparison_table, number, table
from app.measure.trial import laboratory
from app.measure.tune import Search, default_axes
from app.measure.variants import NothingToCompare, opened

Mistake = (BadAxis, NothingToCompare, NodeFailed, OSError)
"""What the user can mend; the message says how."""


def run(options: Namespace, document: Workflow, catalog: Catalog, settings: Settings) -> bool:
    """Run the command that `options.measure` names; returns whether it found what it was asked for."""
    commands = {"bench": bench, "sweep": run_sweep, "tune": tune}
    return commands[options.measure](options, document, catalog, settings)


def bench(options: Namespace, document: Workflow, catalog: Catalog, settings: Settings) -> bool:
    """Compare a workflow with and without its techniques, and with fewer steps."""
    with laboratory(catalog, settings) as rooms:
        work = Bench(rooms, range(options.seeds), options.repeats, tell)
        comparison = work.compare(opened(document), options.technique)
    text = comparison_table(comparison)
    print(text)
    if options.output:
        write(options.output / "bench.md", f"# {document.title or options.file.name}\n\n{text}\n")
        write(options.output / "bench.json", json.dumps(comparison.to_json(), indent=1) + "\n")
        write(options.output / "bench.svg", plot(comparison) + "\n")
    return True


def run_sweep(options: Namespace, document: Workflow, catalog: Catalog, settings: Settings) -> bool:
    """Run a workflow over a grid of values."""
    axes = [read_axis(text) for text in options.over]
    with laboratory(catalog, settings) as rooms:
        cells = sweep(rooms, opened(document), axes, options.output, tell)
    heads = (*(axis.place for axis in axes), "time (s)", "work saved", "picture")
    rows = (
        (
            *cell.point.values(),
            f"{cell.time:.2f}",
            "" if cell.saved is None else f"{cell.saved:.0%}",
            cell.files[0],
        )
        for cell in cells
    )
    text = "\n".join(table(heads, rows))
    print(text)
    write(options.output / "table.md", text + "\n")
    contact_sheet(cells, axes, options.output).save(options.output / "sheet.png")
    return True


def tune(options: Namespace, document: Workflow, catalog: Catalog, settings: Settings) -> bool:
    """Find the cheapest values that are good enough; returns whether there are any."""
    flat = opened(document)
    axes = [read_axis(text) for text in options.over] or default_axes(flat, catalog)
    with laboratory(catalog, settings) as rooms:
        best, tried = Search(rooms, range(options.seeds), options.psnr, tell).best(flat, axes)
    heads = (*(axis.place for axis in axes), "time", "PSNR (dB)", "latent error", "")
    rows = (
        (
            *setting.point.values(),
            f"{setting.time:.2f}",
            number(setting.quality.psnr, 1),
            number(setting.quality.latent_error),
            "best" if setting is best else "",
        )
        for setting in tried
    )
    print("\n".join(table(heads, rows)))
    if best is None:
        print(
            f"patchloom: no setting reaches {options.psnr:g} dB; ask for less or try other values.",
            file=sys.stderr,
        )
        return False
    if options.output:
        tuned = at_point(document, best.point, catalog)
        write(options.output, json.dumps(tuned.to_json(), indent=1, ensure_ascii=False) + "\n")
    return True


def tell(text: str) -> None:
    """Say on standard error what is being done."""
    print(f"patchloom: {text}", file=sys.stderr, flush=True)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
