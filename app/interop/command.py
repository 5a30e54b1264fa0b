"""The command `patchloom convert`: its options, and what it prints."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Callable
from pathlib import Path

from app.graph.catalog import Catalog
from app.interop.convert import Converted, convert, files_in, summary


def describe(command: ArgumentParser) -> None:
    """Add the options to the command."""
    command.add_argument("files", type=Path, nargs="+", metavar="FILE_OR_DIR", help="JSON, PNG or WebP files")
    formats = ("native", "comfy-ui", "comfy-api")
    command.add_argument("--to", choices=formats, required=True, help="format to write")
    command.add_argument("-o", "--output", type=Path, required=True, metavar="DIR", help="folder for results")
    command.add_argument("--report", type=Path, metavar="FILE", help="write what was found as JSON")


def run(options: Namespace, catalog: Callable[[], Catalog]) -> bool:
    """Convert; returns whether every file could be read. Raises OSError when results cannot be written."""
    files = files_in(options.files)
    if not files:
        print("patchloom: there is no .json, .png or .webp file to convert; name others.", file=sys.stderr)
        return False
    done: list[Converted] = []
    for result in convert(files, options.to, options.output, catalog()):
        done.append(result)
        state = f"cannot be converted: {result.error}" if result.error else result.format
        print(f"[{len(done)}/{len(files)}] {result.file}: {state}", file=sys.stderr)
        for problem in result.problems if len(files) == 1 else ():
            print(f"{result.file}: {problem}", file=sys.stderr)
    if options.report:
        text = json.dumps([result.to_json() for result in done], indent=1)
        options.report.write_text(text, encoding="utf-8")
    print(summary(done))
    return not any(result.error for result in done)
