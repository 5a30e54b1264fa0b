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
    for known in sorted(ARCHITECTURES, key=lambda entry: list(TITLES).index(entry.kind)):
        layouts = ", ".join(dict.fromkeys(layout.name for layout in known.layouts))
        lacking = ", ".join(known.unsupported)
        names = ", ".join(known.names)
        yield f"| {TITLES[known.kind]} | {names} | {layouts} | {partners(known)} | {lacking} |"


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
