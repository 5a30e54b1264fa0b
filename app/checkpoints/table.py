"""The table of what can be opened, as it stands in docs/models.md."""

from __future__ import annotations

from collections.abc import Iterator

from app.checkpoints.architecture import Architecture
from app.checkpoints.known import ARCHITECTURES
from app.checkpoints.known.uses import USES

TITLES = {
    "transformer": "Transformer",
    "text_encoder": "Text encoder",
    "vision_encoder": "Vision encoder",
    "vae": "Autoencoder",
    "controlnet": "ControlNet",
    "preview_decoder": "Preview decoder",
}


def table() -> Iterator[str]:
    """Yield the lines: a row for each kind of model part."""
    yield "| part | name | layouts | goes with | not yet |"
    yield "|---|---|---|---|---|"
    for kind, title in TITLES.items():
        alike: dict[str, list[Architecture]] = {}  # a name may stand for several, told apart by their tensors
        for known in ARCHITECTURES:
            if known.kind == kind:
                alike.setdefault(", ".join(known.names), []).append(known)
        for names, entries in alike.items():
            layouts = ", ".join(dict.fromkeys(layout.name for entry in entries for layout in entry.layouts))
            lacking = ", ".join(variant for entry in entries for variant in entry.unsupported)
            yield f"| {title} | {names} | {layouts} | {partners(entries[0])} | {lacking} |"


def partners(known: Architecture) -> str:
    """Name the encoders and autoencoder of a transformer, or the families that use another part."""
    if known.kind == "transformer":
        return ", ".join(part for part, users in USES.items() if known.name in users)
    if known.kind == "controlnet":
        return known.name
    users = {user: None for part, found in USES.items() if owner(part) == known.name for user in found}
    return ", ".join(users)


def owner(part: str) -> str:
    """Return the architecture of a name in the table of uses, where autoencoders have their channels."""
    stem, _, channels = part.rpartition("-")
    return stem if channels.isdigit() else part
