"""Which families a LoRA was trained for, told by the names of what it changes."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from functools import cache, lru_cache
from pathlib import Path

from app.checkpoints.architecture import DIFFUSERS, Architecture
from app.checkpoints.archive import Archive, open_archive
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.lora import FACTORS, PREFIXES, plain

STACK = re.compile(r"([a-z_]+?)_\d+_.+")


@lru_cache(maxsize=1024)
def lora_families(path: Path, modified: int) -> frozenset[str] | None:
    """Return the families of a LoRA: by authors' names, or else by the stacks of blocks in diffusers' names.

    None where neither tells.
    """
    return told_by(changed(open_archive(path)))


def told_by(stems: Collection[str]) -> frozenset[str] | None:
    """Tell by what a LoRA changes, in plain names."""
    found = {
        name for name, patterns in originals().items() if any(patterns.fullmatch(stem) for stem in stems)
    }
    found = found or by_stacks(stems)
    return frozenset(found | {"flux-mini"} if "flux" in found else found) or None


def by_stacks(stems: Collection[str]) -> set[str]:
    """Return the families that have all the stacks of blocks which a LoRA in diffusers' names changes."""
    known = set[str]().union(*stacks().values())
    wanted = {match[1] for stem in stems if (match := STACK.fullmatch(stem))} & known
    return {name for name, own in stacks().items() if wanted <= own} if wanted else set()


def transformers() -> Iterator[Architecture]:
    return (known for known in ARCHITECTURES if known.kind == "transformer")


@cache
def originals() -> dict[str, re.Pattern[str]]:
    """Return what the authors of each family call the modules of its blocks."""
    found: dict[str, re.Pattern[str]] = {}
    for known in transformers():
        rules = [
            rule.original for layout in known.layouts for rule in layout.rules(()) if "*" in rule.original
        ]
        words = [plain(name).replace("*", r"\d+") for name in rules]
        found |= dict.fromkeys(known.names, re.compile("|".join(words) or "(?!)"))
    return found


@cache
def stacks() -> dict[str, set[str]]:
    """Return what diffusers calls the stacks of blocks of each family."""
    found: dict[str, set[str]] = {}
    for known in transformers():
        ours = [name for layout in known.layouts for rule in layout.rules(()) for name in rule.ours]
        marks = [mark for layout in known.layouts if layout.name == DIFFUSERS for mark in layout.marks]
        plainly = [plain(name).replace("*", "0") for name in (*ours, *marks)]
        named = {match[1] for name in plainly if (match := STACK.fullmatch(name))}
        for name in known.names:
            found.setdefault(name, set()).update(named)
    return found


def changed(archive: Archive) -> set[str]:
    """Return what a LoRA changes, in plain names."""
    stems = set()
    for name in archive.entries:
        if match := FACTORS.fullmatch(name):
            stem = match["stem"]
            for prefix in PREFIXES:
                stem = stem.removeprefix(prefix)
            stems.add(plain(stem))
    return stems
