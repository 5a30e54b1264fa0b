"""The command `patchloom models`: its options, and what it prints."""

from __future__ import annotations

import json
import sys
from argparse import ArgumentParser, Namespace
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from app.checkpoints.download import CATALOG, DownloadFailed, Fetch, from_hub, get, read_catalog
from app.checkpoints.formats import readable
from app.checkpoints.listing import ModelCard, cards
from app.checkpoints.table import table


def describe(command: ArgumentParser) -> None:
    """Add the options to the command."""
    command.add_argument(
        "action",
        nargs="?",
        choices=("list", "layouts", "offers", "get"),
        default="list",
        help="list model files (the default), what can be opened, what can be fetched, or fetch something",
    )
    command.add_argument("names", nargs="*", metavar="NAME", help="what to fetch, as `offers` names it")
    command.add_argument("--json", action="store_true", help="the list as JSON")


def run(
    options: Namespace, folders: Mapping[str, tuple[Path, ...]], models: Path, fetch: Fetch = from_hub
) -> bool:
    """Do what is asked; returns whether all went well. Nothing is fetched unless `get` names it."""
    if options.action == "list":
        return show(cards(folders), as_json=options.json)
    if options.action == "layouts":
        print("\n".join(table()))
        return True
    offers = read_catalog(models / CATALOG)
    if options.action == "offers":
        for offer in offers.values():
            print(f"{offer.name:<24} {offer.licence:<28} {offer.about}")
        return True
    unknown = [name for name in options.names if name not in offers]
    if unknown or not options.names:
        wrong = f"there is no {', '.join(unknown)}" if unknown else "say what to fetch"
        print(f"patchloom: {wrong}; there are: {', '.join(offers)}.", file=sys.stderr)
        return False
    try:
        for name in options.names:
            get(offers[name], models, print, fetch)
    except DownloadFailed as failure:
        print(f"patchloom: {failure}", file=sys.stderr)
        return False
    return True


def show(found: list[ModelCard], *, as_json: bool) -> bool:
    if as_json:
        print(json.dumps([asdict(entry) for entry in found], indent=1))
        return True
    for entry in found:
        joint = " or " if entry.kind == "lora" else " + "
        what = joint.join(entry.families) + (f" ({entry.variant})" if entry.variant else "")
        facts = [entry.kind, what, entry.layout, entry.precision, readable(entry.size)]
        print(f"{entry.folder}/{entry.name}\n    {', '.join(fact for fact in facts if fact)}")
        for mark, text in (("", entry.quantisation), ("! ", entry.problem)):
            if text:
                print(f"    {mark}{text}")
    return True
