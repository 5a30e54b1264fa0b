"""Which families a model file fits, for checks while wiring."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from pathlib import Path

from app.checkpoints.archive import Archive, open_archive
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.known.uses import USES
from app.checkpoints.listing import card
from app.checkpoints.lora import FACTORS, PREFIXES, plain

Fit = frozenset[str] | None


def fitting(folders: Mapping[str, tuple[Path, ...]]) -> Callable[[str, str], Fit]:
    """Return a function (folder, name) -> families that a file fits; None where its header does not tell."""

    def families(folder: str, name: str) -> Fit:
        for root in folders.get(folder, ()):
            path = (root / name).resolve()
            if path.is_relative_to(root.resolve()) and path.exists():
                return fit(folder, name, path)
        return None

    return families


def fit(folder: str, name: str, path: Path) -> Fit:
    """Return the families of one file."""
    found = card(folder, name, path)
    match found.kind:
        case "lora":
            return lora_families(path, path.stat().st_mtime_ns)
        case "text_encoder":
            return frozenset.intersection(*(frozenset(USES.get(part, ())) for part in found.families))
        case "vae" | "vision_encoder":
            return frozenset(USES.get(f"{found.families[0]}-{found.variant.removesuffix(' channels')}", ()))
        case "controlnet":
            return frozenset(found.families) | ({"flux-mini"} if "flux" in found.families else set())
        case "transformer" | "checkpoint" | "model":
            known = [entry for entry in ARCHITECTURES if entry.kind == "transformer"]
            names: dict[str, tuple[str, ...]] = {name: (name,) for entry in known for name in entry.names}
            names |= {"flux-mini": ("flux-mini",)} | {entry.name: entry.names for entry in known}
            return frozenset(name for family in found.families for name in names.get(family, ())) or None
    return None


@lru_cache(maxsize=1024)
def lora_families(path: Path, modified: int) -> Fit:
    """Tell a LoRA by authors' names that only some families have; names of diffusers are too much alike."""
    stems = changed(open_archive(path))
    found = {
        name for name, patterns in originals().items() if any(patterns.fullmatch(stem) for stem in stems)
    }
    return frozenset(found | {"flux-mini"} if "flux" in found else found) or None


@cache
def originals() -> dict[str, re.Pattern[str]]:
    """Return what the authors of each family call the modules of its blocks."""
    found: dict[str, re.Pattern[str]] = {}
    for known in (entry for entry in ARCHITECTURES if entry.kind == "transformer"):
        rules = [
            rule.original for layout in known.layouts for rule in layout.rules(()) if "*" in rule.original
        ]
        words = [plain(name).replace("*", r"\d+") for name in rules]
        found |= dict.fromkeys(known.names, re.compile("|".join(words) or "(?!)"))
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
