"""What the commands share: the node catalogue, documents from files, values from words, problems in print."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

from app.config import Settings
from app.graph import catalog
from app.graph.catalog import Catalog
from app.graph.problem import Problem
from app.graph.workflow import MalformedWorkflow, Workflow


class UserMistake(Exception):
    """Something the user can mend; the message says how."""


def settings_of(options: argparse.Namespace, cache_bytes: int = Settings.cache_bytes) -> Settings:
    """Return the settings that all commands share."""
    return Settings(
        options.base_directory.resolve(),
        extra_models=extra_models_of(options),
        packs=tuple(place.resolve() for place in options.packs),
        cache_bytes=cache_bytes,
        memory_budget=getattr(options, "memory_budget", None),
    )


def add_memory_budget(command: argparse.ArgumentParser) -> None:
    """Describe the flag of the commands that run models."""
    command.add_argument(
        "--memory-budget",
        type=bytes_of,
        metavar="SIZE",
        help="what models and computing may take on the GPU, or of this machine without one: 12GB, 800MB "
        "(default: what it has); weights that do not fit wait outside and come in block by block",
    )


def bytes_of(word: str) -> int:
    """Read a size such as 12GB or 800MiB; raises ValueError, which argparse turns into a message."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?", word, re.I)
    if match is None or float(match[1]) == 0:
        raise argparse.ArgumentTypeError(f"{word!r} is no size; write it as 12GB or 800MB")
    number, unit, binary = match.groups()
    return int(float(number) * (1024 if binary else 1000) ** " KMGT".index(unit.upper() or " "))


def extra_models_of(options: argparse.Namespace) -> dict[str, tuple[Path, ...]]:
    """Return the model folders that other programs' YAML files name, by kind."""
    found: dict[str, tuple[Path, ...]] = {}
    for file in options.extra_model_paths_config:
        from app.model_paths import BadModelPaths, read_model_paths

        try:
            for kind, folders in read_model_paths(file).items():
                found[kind] = (*found.get(kind, ()), *folders)
        except BadModelPaths as error:
            raise UserMistake(str(error)) from None
    return found


def stored_nodes(settings: Settings) -> Catalog:
    """Return the catalogue without importing nodes where it is still current.

    Packs are always imported, since only their code can check what is typed into their nodes.
    """
    if settings.packs:
        return import_nodes(settings)
    return catalog.read(settings.stored_catalog, catalog.source_digest()) or import_nodes(settings)


def import_nodes(settings: Settings) -> Catalog:
    """Import all node files and packs, and keep the catalogue for quick checks and the next server start."""
    found = catalog.find()
    if settings.packs:
        from app.interop.packs.load import with_packs

        found = with_packs(found, list(map(str, settings.packs)), settings.folders)
    for entry in found.failed:
        print(f"patchloom: {entry.file} was left out: {entry.reason}", file=sys.stderr)
    if not settings.packs:
        catalog.write(settings.stored_catalog, found, catalog.source_digest())
    return found


def read_document(path: Path, known: Catalog | None = None) -> Workflow:
    """Read a file of any format, and tell what ComfyUI would do differently; faults become one sentence."""
    from app.interop import documents
    from app.interop.sent import coerced

    try:
        document = documents.read(path.read_bytes(), known)
    except OSError as error:
        raise UserMistake(f"cannot read {path}: {error.strerror}.") from None
    except MalformedWorkflow as malformed:
        raise UserMistake(f"{path}: {malformed}") from None
    report(documents.problems(document), str(path))
    return coerced(document, known) if known else document


def with_values(document: Workflow, changes: Sequence[str], found: Catalog) -> Workflow:
    """Apply `--set node.input=value`."""
    from app.graph.edit import NoSuchInput, set_value
    from app.graph.values import BadValue

    for change in changes:
        place, equals, word = change.partition("=")
        node, dot, name = place.rpartition(".")
        if not equals or not dot:
            raise UserMistake(f"--set {change!r}: write it as node.input=value, for example sample.seed=7.")
        try:
            document = set_value(document, node, name, word, found)
        except (NoSuchInput, BadValue) as error:
            raise UserMistake(f"--set {change}: {error}") from None
    return document


def report(problems: Sequence[Problem], where: str) -> bool:
    """Print problems on standard error; returns whether one of them is an error."""
    for problem in problems:
        print(f"{where}: {problem}", file=sys.stderr)
    return any(problem.severity == "error" for problem in problems)
