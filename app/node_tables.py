"""The catalogue as Markdown: a page of all nodes, and a line for each folder."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from app.graph.catalog import Catalog
from app.graph.spec import NodeSpec

HEAD = """\
# All nodes

Written by `patchloom nodes --markdown`; `patchloom nodes` and the canvas show their inputs and outputs.
"""


def folders(catalog: Catalog) -> Iterator[tuple[str, list[NodeSpec]]]:
    """Yield each folder with its nodes."""
    ordered = sorted(catalog, key=lambda spec: (spec.category, spec.id))
    for folder, nodes in groupby(ordered, key=lambda spec: spec.category):
        yield folder, list(nodes)


def page(catalog: Catalog) -> str:
    """Return docs/all_nodes.md."""
    parts = [HEAD]
    for folder, nodes in folders(catalog):
        rows = [f"| `{spec.id}` | {spec.description} |" for spec in nodes]
        parts += [f"## {folder}\n| node | what it does |\n|---|---|", *rows, ""]
    return "\n".join(parts)


def techniques(catalog: Catalog) -> str:
    """Return the table of pairs in docs/techniques.md: numbered, a cross where two claim the same."""
    claiming = [spec for _, nodes in folders(catalog) for spec in nodes if spec.claims]
    numbers = range(1, len(claiming) + 1)
    lines = [
        f"| | technique | claims | {' | '.join(map(str, numbers))} |",
        f"|---|---|---|{'---|' * len(claiming)}",
    ]
    for number, spec in zip(numbers, claiming, strict=True):
        cells = ["x" if set(spec.claims) & set(other.claims) else " " for other in claiming]
        lines.append(f"| {number} | `{spec.id}` | {', '.join(spec.claims)} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def summary(catalog: Catalog) -> str:
    """Return the README's table of nodes."""
    rows = [
        f"| [{folder}](docs/all_nodes.md#{folder}) | {', '.join(f'`{spec.id}`' for spec in nodes)} |"
        for folder, nodes in folders(catalog)
    ]
    return "\n".join(["| folder | nodes |", "|---|---|", *rows]) + "\n"
