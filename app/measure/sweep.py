"""Run a document over a grid of values; nothing is run twice. Only what the values reach counts."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.engine.imaging.pictures import png
from app.graph.workflow import Workflow
from app.measure.grid import Axis, at_point, named, points
from app.measure.trial import Laboratory, Trial
from app.measure.variants import NothingToCompare, behind

RESULTS = "results.jsonl"


@dataclass(frozen=True)
class Cell:
    """One run: its values by place, sampling time (s), share of work saved, pictures in the folder."""

    key: str
    point: Mapping[str, str]
    time: float
    saved: float | None
    files: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "point": dict(self.point),
            "time": self.time,
            "saved": self.saved,
            "files": list(self.files),
        }


def sweep(
    laboratory: Laboratory,
    document: Workflow,
    axes: Sequence[Axis],
    folder: Path,
    tell: Callable[[str], None],
) -> list[Cell]:
    """Run every point that `folder` does not hold yet; results are written as they come."""
    folder.mkdir(parents=True, exist_ok=True)
    done, cells = stored(folder), []
    grid = list(points(axes))
    for at, point in enumerate(grid, start=1):
        here = at_point(document, point, laboratory.catalog)
        key = key_of(here, laboratory)
        if key not in done:
            tell(f"{at} of {len(grid)}: {named(point)}")
            done[key] = run_cell(laboratory, here, point, folder, key)
            with (folder / RESULTS).open("a", encoding="utf-8") as results:
                results.write(json.dumps(done[key].to_json()) + "\n")
        cells.append(done[key])
    return cells


def run_cell(
    laboratory: Laboratory, document: Workflow, point: Mapping[str, str], folder: Path, key: str
) -> Cell:
    varied = {place.rpartition(".")[0] for place in point}
    trial = laboratory.run(document, behind(document, varied) | varied)
    files = []
    for at, data in enumerate(pictures_of(trial)):
        files.append(f"{key}_{at}.png")
        (folder / files[-1]).write_bytes(data)
    return Cell(key, point, round(trial.sampling_time, 4), trial.saved(), tuple(files))


def pictures_of(trial: Trial) -> list[bytes]:
    """Return the pictures that a run made, as PNG."""
    pictures = [data for image in trial.images for data in png(image)]
    if not pictures:
        raise NothingToCompare("the workflow makes no picture; add a decode node.")
    return pictures


def stored(folder: Path) -> dict[str, Cell]:
    """Return the results whose pictures are all there; a line cut off in mid-write is left out."""
    found = {}
    results = folder / RESULTS
    for line in results.read_text(encoding="utf-8").splitlines() if results.exists() else ():
        try:
            data = json.loads(line)
        except json.JSONDecodeError:
            continue
        cell = Cell(**{**data, "files": tuple(data["files"])})
        if all((folder / name).exists() for name in cell.files):
            found[cell.key] = cell
    return found


def key_of(document: Workflow, laboratory: Laboratory) -> str:
    """Return a name for what a document computes: its nodes with their versions and values, and its edges."""
    catalog, graph = laboratory.catalog, document.graph
    specs = {id: catalog.get(node.type) for id, node in graph.nodes.items()}
    nodes = {
        id: [node.type, spec.version if spec else "", dict(node.values), node.mode]
        for (id, node), spec in zip(graph.nodes.items(), specs.values(), strict=True)
    }
    edges = sorted([edge.source, edge.output, edge.target, edge.input] for edge in graph.edges)
    text = json.dumps([nodes, edges], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]
