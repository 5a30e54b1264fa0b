"""What a pack's node shows (`ui`): pictures reach the gallery, all of it reaches ComfyUI's clients."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

import PIL
import PIL.Image

from app.execution.files import Folders
from app.graph.node import Context
from app.interop.packs.info import plain
from app.interop.protocol import SHOWN

LONGEST = 300  # characters of a text on the canvas
Saved = tuple[Literal["output", "temp"], str, tuple[int, int]]  # folder, name below it, width and height


def show(ui: Any, context: Context, folders: Folders) -> None:
    """Tell what a node shows: lists by name. Pictures below output and temp become results of the run."""
    if not isinstance(ui, Mapping):
        raise TypeError(f"'ui' is {type(ui).__name__}, expected a dict of lists")
    rest = {}
    for name, entries in ui.items():
        found = (
            [picture(entry, folders) for entry in entries] if isinstance(entries, list | tuple) else [None]
        )
        for saved in filter(None, found):
            context.adopt(saved[0], saved[1], width=saved[2][0], height=saved[2][1])
        others = (
            plain(entries)
            if name != "images"
            else plain([entry for entry, saved in zip(entries, found, strict=True) if saved is None])
        )
        if others not in ([], None):
            rest[str(name)] = others
    if rest:
        context.report({"technique": "shown", "summary": words(rest), SHOWN: rest})


def picture(entry: Any, folders: Folders) -> Saved | None:
    """Return what is known of a saved picture; None for what is none, such as a text or a video."""
    if not isinstance(entry, Mapping) or entry.get("type") not in ("output", "temp"):
        return None
    folder = cast(Literal["output", "temp"], entry["type"])
    name = Path(str(entry.get("subfolder") or ""), str(entry.get("filename"))).as_posix()
    try:
        with PIL.Image.open(folders.inside(folders.by_name(folder), name)) as opened:
            return folder, name, opened.size
    except (FileNotFoundError, PIL.UnidentifiedImageError):
        return None


def words(shown: Mapping[str, Any]) -> str:
    """Say in one line what a node shows, for the canvas."""
    entries = [entry for value in shown.values() for entry in (value if isinstance(value, list) else [value])]
    texts = [
        str(entry["filename"] if isinstance(entry, dict) and "filename" in entry else entry)
        for entry in entries
    ]
    return " ".join(", ".join(texts).split())[:LONGEST]
