"""Convert many files and measure, by really converting back, whether anything got lost."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from app.graph import workflow as ours
from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.workflow import MalformedWorkflow, Workflow
from app.interop.documents import Format, format_of, opened, parsed, problems, read_json, to_api, to_ui

SUFFIXES = {".json", ".png", ".webp"}


@dataclass(frozen=True)
class Converted:
    """What became of one file. `lossless`: written back to its own format it is equal to what it was."""

    file: str
    format: str = ""
    lossless: bool = False
    written: str = ""
    unmapped: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    error: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def files_in(paths: Iterable[Path]) -> list[Path]:
    """Return files as they are, and of folders all workflow files below them."""
    found: dict[Path, None] = {}
    for path in paths:
        inside = sorted(
            file for file in path.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file()
        )
        found.update(dict.fromkeys(inside if path.is_dir() else [path]))
    return list(found)


def convert(files: Iterable[Path], to: Format, output: Path, catalog: Catalog) -> Iterator[Converted]:
    """Convert each file into the folder `output`; a file that fails hurts no other."""
    output.mkdir(parents=True, exist_ok=True)
    taken: set[str] = set()
    for file in files:
        name = free_name(file, taken)
        try:
            yield convert_file(file, to, output / name, catalog)
        except OSError as error:
            yield Converted(str(file), error=f"cannot read or write it: {error.strerror or error}.")
        except (MalformedWorkflow, UnicodeError) as error:
            yield Converted(str(file), error=str(error))


def free_name(file: Path, taken: set[str]) -> str:
    """Name the result like the file; when two files have one stem, the full name and a number follow."""
    names = [f"{file.stem}.json", f"{file.name}.json", *(f"{file.name}.{n}.json" for n in range(2, 10_000))]
    name = next(name for name in names if name.lower() not in taken)
    taken.add(name.lower())
    return name


def convert_file(file: Path, to: Format, target: Path, catalog: Catalog) -> Converted:
    """Convert one file; raises OSError and MalformedWorkflow."""
    document = parsed(file.read_bytes())
    if target.exists() and target.samefile(file):
        raise MalformedWorkflow("The result would replace the file itself.", "Choose another folder with -o.")
    workflow = read_json(document, catalog)
    found = problems(workflow)
    titled = replace(workflow, title=workflow.title or file.stem)
    result, more = said(titled if to == "native" else workflow, to, catalog)
    target.write_text(json.dumps(result, indent=1), encoding="utf-8")
    source = opened(workflow, catalog)
    return Converted(
        file=str(file),
        format=format_of(document),
        lossless=comes_back(document, workflow, catalog),
        written=str(target),
        unmapped=source.translation.unmapped if source else {},
        problems=[*found, *more],
    )


def said(workflow: Workflow, to: Format, catalog: Catalog) -> tuple[dict[str, Any], list[Problem]]:
    """Return the document in a format, and what cannot be said exactly there."""
    if to == "native":
        return workflow.to_json(), []
    written = to_ui(workflow, catalog) if to == "comfy-ui" else to_api(workflow, catalog)
    return written.document, written.problems


def comes_back(document: Any, workflow: Workflow, catalog: Catalog) -> bool:
    """Whether our document, saved and read again, gives back the very JSON that came in."""
    saved = ours.read(json.loads(json.dumps(workflow.to_json())))
    back, _ = said(saved, format_of(document), catalog)
    return json.dumps(back, sort_keys=True) == json.dumps(document, sort_keys=True)


def summary(done: Sequence[Converted]) -> str:
    """Say in one sentence how it went."""
    read = [result for result in done if not result.error]
    lossless = sum(result.lossless for result in read)
    mapped = sum(not result.unmapped for result in read)
    return (
        f"{len(done)} files: {len(read)} read, {lossless} of them come back without loss, "
        f"{mapped} use only node types that Patchloom has."
    )
