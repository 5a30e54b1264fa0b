"""The command line. The only file that wires the parts together."""

from __future__ import annotations

import argparse
import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path

from app import __version__, node_tables
from app.command_line import (
    UserMistake,
    add_memory_budget,
    import_nodes,
    read_document,
    report,
    settings_of,
    stored_nodes,
    with_values,
)
from app.config import Settings, default_base, half_of_memory
from app.graph.catalog import Catalog
from app.graph.check import check
from app.graph.problem import Problem
from app.graph.workflow import Workflow
from app.serving import add_serve

TABLES = {
    "markdown": node_tables.page,
    "summary": node_tables.summary,
    "techniques": node_tables.techniques,
}
OK, FAILED, INTERRUPTED = 0, 1, 130  # argparse itself ends with 2 on wrong usage
EPILOG = """\
examples:
  patchloom serve                                   open the canvas on http://127.0.0.1:8188
  patchloom run workflows/first_picture.json --set sample.seed=7 -o out.png
  patchloom check my_workflow.json && echo fine
  patchloom bench workflows/two_techniques.json     is it worth it, against simply fewer steps?
  patchloom convert comfyui/ --to native -o mine/   bring workflows over from ComfyUI, or back
  patchloom nodes                                   list every node with its inputs
  patchloom models                                  say what each model file is
  patchloom serve --packs ~/ComfyUI/custom_nodes/a  with a ComfyUI node pack that you trust
exit codes: 0 fine, 1 the run failed or the document has problems, 2 wrong usage, 130 interrupted
"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.CRITICAL, format="%(levelname)s %(message)s"
    )
    try:
        return int(options.command(options))
    except UserMistake as mistake:
        print(f"patchloom: {mistake}", file=sys.stderr)
        return FAILED


def parser() -> argparse.ArgumentParser:
    """Describe all commands."""
    top = argparse.ArgumentParser(
        "patchloom",
        description="Node-based workflows for diffusion transformers, on a canvas or headless.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"patchloom {__version__}")
    commands = top.add_subparsers(required=True, metavar="command")
    add_serve(commands, add_common)
    add_run(commands)
    add_check(commands)
    add_convert(commands)
    add_measures(commands)
    add_nodes(commands)
    add_models(commands)
    return top


Commands = argparse._SubParsersAction  # argparse gives its return type no public name


def add_common(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--base-directory",
        type=Path,
        default=default_base(),
        metavar="DIR",
        help="folder with models/, input/, output/, user/ and workflows/ (default: the checkout, else here)",
    )
    command.add_argument(
        "--packs",
        type=Path,
        nargs="+",
        action="extend",
        default=[],
        metavar="DIR",
        help="ComfyUI node packs, or folders of them, whose code you trust; it runs with your rights",
    )
    command.add_argument(
        "--extra-model-paths-config",
        type=Path,
        action="append",
        default=[],
        metavar="YAML",
        help="where other programs keep models, as in ComfyUI's extra_model_paths.yaml",
    )
    command.add_argument(
        "--verbose", action="store_true", help="show the log, with full traces of failing nodes"
    )


def add_run(commands: Commands[argparse.ArgumentParser]) -> None:
    run = commands.add_parser("run", help="run a workflow file without a server")
    run.add_argument("file", type=Path, help="workflow file, or a picture that carries one")
    run.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NODE.INPUT=VALUE",
        help="change a value for this run; may be given several times",
    )
    run.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="PATH",
        help="file for the picture, or an existing folder for all pictures (default: output/)",
    )
    run.add_argument(
        "--report", type=Path, metavar="FILE", help="write times and what techniques did as JSON"
    )
    add_memory_budget(run)
    add_common(run)
    run.set_defaults(command=run_command)


def add_check(commands: Commands[argparse.ArgumentParser]) -> None:
    command = commands.add_parser("check", help="say what would keep workflow files from running")
    command.add_argument("files", type=Path, nargs="+", metavar="FILE", help="workflow files")
    add_common(command)
    command.set_defaults(command=check_command)


def add_convert(commands: Commands[argparse.ArgumentParser]) -> None:
    from app.interop.command import describe

    command = commands.add_parser("convert", help="turn workflow files of one format into another")
    describe(command)
    add_common(command)
    command.set_defaults(command=convert_command)


def add_models(commands: Commands[argparse.ArgumentParser]) -> None:
    from app.checkpoints.command import describe

    command = commands.add_parser("models", help="list model files by what their headers say, or fetch some")
    describe(command)
    add_common(command)
    command.set_defaults(command=models_command)


def add_measures(commands: Commands[argparse.ArgumentParser]) -> None:
    from app.measure.options import describe_bench, describe_sweep, describe_tune

    described = {
        "bench": ("compare a workflow with itself without techniques and with fewer steps", describe_bench),
        "sweep": ("run a workflow over a grid of values; a table and a contact sheet", describe_sweep),
        "tune": ("find the cheapest settings of techniques that are near enough", describe_tune),
    }
    for name, (help, describe) in described.items():
        command = commands.add_parser(name, help=help)
        describe(command)
        add_common(command)
        command.set_defaults(command=measure_command, measure=name)


def add_nodes(commands: Commands[argparse.ArgumentParser]) -> None:
    nodes = commands.add_parser("nodes", help="list all nodes")
    nodes.add_argument(
        "--json", action="store_true", help="the whole catalogue as JSON, as the canvas reads it"
    )
    nodes.add_argument("--markdown", action="store_true", help="a page, as it stands in docs/all_nodes.md")
    nodes.add_argument("--summary", action="store_true", help="a table of folders, as in the README")
    nodes.add_argument("--techniques", action="store_true", help="which techniques exclude each other")
    add_common(nodes)
    nodes.set_defaults(command=nodes_command)


def run_command(options: argparse.Namespace) -> int:
    """Run a document to its end in this process, with a progress bar."""
    from app.headless import Headless

    settings = settings_of(options, cache_bytes=half_of_memory())
    known = stored_nodes(settings)
    document = with_values(read_document(options.file, known), options.set, known)
    if report(findings(document, known, settings), str(options.file)):
        return FAILED
    nodes = known if settings.packs else import_nodes(settings)
    end = Headless(nodes, settings).run(document, options.output, options.report)
    if end.status == "failed" and end.problem:
        report([Problem(**end.problem)], str(options.file))
    return {"done": OK, "cancelled": INTERRUPTED}.get(end.status, FAILED)


def check_command(options: argparse.Namespace) -> int:
    """Check files; problems go to standard error."""
    settings = settings_of(options)
    known = stored_nodes(settings)
    found = False
    for file in options.files:
        found |= report(findings(read_document(file, known), known, settings), str(file))
    return FAILED if found else OK


def findings(document: Workflow, known: Catalog, settings: Settings) -> list[Problem]:
    """Check a document against the nodes and files that exist now."""
    from app.checkpoints.fitting import fitting

    folders = settings.folders
    return check(document, known, folders.choices, families=fitting(folders.models))


def convert_command(options: argparse.Namespace) -> int:
    """Convert files between our format and ComfyUI's."""
    from app.interop import command

    try:
        return OK if command.run(options, lambda: stored_nodes(settings_of(options))) else FAILED
    except OSError as error:
        raise UserMistake(f"cannot write {error.filename}: {error.strerror}. Choose another place.") from None


def measure_command(options: argparse.Namespace) -> int:
    """Run a workflow many times to compare, sweep or tune."""
    from app.measure import command

    settings = settings_of(options, cache_bytes=half_of_memory())
    known = import_nodes(settings)
    document = with_values(read_document(options.file, known), options.set, known)
    if report(findings(document, known, settings), str(options.file)):
        return FAILED
    try:
        return OK if command.run(options, document, known, settings) else FAILED
    except command.Mistake as mistake:
        raise UserMistake(str(mistake)) from None
    except KeyboardInterrupt:
        return INTERRUPTED


def models_command(options: argparse.Namespace) -> int:
    """List or fetch models."""
    from app.checkpoints import command

    settings = settings_of(options)
    done = command.run(options, settings.folders.models, settings.base / "models")
    return OK if done else FAILED


def nodes_command(options: argparse.Namespace) -> int:
    """Print the catalogue."""
    found = import_nodes(settings_of(options))
    if options.json:
        print(json.dumps(found.to_json(), indent=1))
        return OK
    for wanted, table in TABLES.items():
        if getattr(options, wanted):
            print(table(found), end="")
            return OK
    for spec in found:
        inputs = ", ".join(f"{entry.name}: {entry.type}" for entry in spec.inputs)
        outputs = ", ".join(entry.type for entry in spec.outputs) or "nothing"
        print(f"{spec.category}/{spec.id}({inputs}) -> {outputs}\n    {spec.description}")
    return OK


if __name__ == "__main__":
    sys.exit(main())
