"""What a pack's node shows (`ui`): pictures reach the gallery, all of it reaches ComfyUI's clients."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, cast

import PIL
import PIL.Image

from app.execution.files import Folders
from app.graph.node import Context
from app.interop.packs.info import plain

UI = "comfyui"  # the technique of a report that carries what a node shows


def show(ui: Any, context: Context, folders: Folders) -> None:
    """Tell what a node shows: lists by name. Pictures below output and temp become results of the run."""
    if not isinstance(ui, Mapping):
        raise TypeError(f"'ui' is {type(ui).__name__}, expected a dict of lists")
    for entries in ui.values():
        for folder, name, size in pictures(entries, folders):
            context.adopt(folder, name, width=size[0], height=size[1])
    context.report({"technique": UI, "ui": plain(ui)})


def pictures(
    entries: Any, folders: Folders
) -> Iterator[tuple[Literal["output", "temp"], str, tuple[int, int]]]:
    """Find the pictures among saved files: folder, name below it, width and height."""
    for entry in entries if isinstance(entries, list | tuple) else ():
        if not isinstance(entry, Mapping) or entry.get("type") not in ("output", "temp"):
            continue
        folder = cast(Literal["output", "temp"], entry["type"])
        name = Path(str(entry.get("subfolder") or ""), str(entry.get("filename"))).as_posix()
        try:
            with PIL.Image.open(folders.inside(folders.by_name(folder), name)) as picture:
                yield folder, name, picture.size
        except (FileNotFoundError, PIL.UnidentifiedImageError):
            continue  # a video or a sound, which ComfyUI's clients fetch themselves
