"""ComfyUI's `extra_model_paths.yaml`: where models lie that other programs put there."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

OLDER_NAMES = {"unet": "diffusion_models", "clip": "text_encoders"}
NO_MODELS = ("base_path", "is_default", "custom_nodes", "configs")


class BadModelPaths(Exception):
    """The file cannot be used; the message says why and how to mend it."""


def read_model_paths(file: Path) -> dict[str, tuple[Path, ...]]:
    """Return folders by kind: each section's paths, relative to its `base_path` or to the file.

    Folders that are not there are left out, as ComfyUI does: one file may serve several machines.
    """
    try:
        sections = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        reason = str(error).splitlines()[0]
        raise BadModelPaths(f"{file}: cannot be read: {reason}. Give a YAML file.") from None
    if not isinstance(sections, dict) or not all(isinstance(part, dict) for part in sections.values()):
        raise BadModelPaths(f"{file}: needs sections that map folder kinds to paths.")
    found: dict[str, list[Path]] = {}
    for section in sections.values():
        for kind, folder in folders_of(section, file.resolve().parent):
            found.setdefault(kind, []).append(folder)
    return {kind: tuple(dict.fromkeys(folders)) for kind, folders in found.items()}


def folders_of(section: Mapping[str, Any], beside: Path) -> list[tuple[str, Path]]:
    """Return (kind, folder) for every line of a section."""
    base = beside / Path(str(section.get("base_path") or ".")).expanduser()
    lines = [
        (OLDER_NAMES.get(kind, kind), line.strip())
        for kind, paths in section.items()
        if kind not in NO_MODELS and isinstance(paths, str)
        for line in paths.splitlines()
    ]
    folders = [(kind, (base / Path(line).expanduser()).resolve()) for kind, line in lines if line]
    return [(kind, folder) for kind, folder in folders if folder.is_dir()]
