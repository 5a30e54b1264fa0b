"""Which families a model file fits, for checks while wiring."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.known.uses import USES
from app.checkpoints.listing import card
from app.checkpoints.lora_families import lora_families

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
