"""The configured folders: nothing outside them is read or written on behalf of a document or a request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

from app.graph.problem import Refusal
from app.graph.spec import Input
from app.graph.widgets import ImageFile, ImageFolder, ModelFile

LATER_SHARD = re.compile(r".+-(?!00001)\d{5}-of-\d{5}\.\w+")
MODEL_SUFFIXES = {".safetensors", ".gguf", ".ckpt", ".pt", ".pth", ".bin"}
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".avif"}
VIDEO_SUFFIXES = {".mp4", ".webm", ".mkv", ".mov", ".avi", ".gif"}
AUDIO_SUFFIXES = {".wav", ".mp3", ".flac", ".ogg", ".opus", ".m4a", *VIDEO_SUFFIXES}
UPLOADS = {"images": IMAGE_SUFFIXES, "videos": VIDEO_SUFFIXES, "sounds": AUDIO_SUFFIXES}


@dataclass(frozen=True)
class Folders:
    """Where things lie on this machine.

    Attributes:
        output: Results that are kept.
        temp: Previews of the running server; emptied when it starts.
        input: Uploaded pictures.
        models: Model folders by kind; the kind `models` is their common root.
    """

    output: Path
    temp: Path
    input: Path
    models: Mapping[str, tuple[Path, ...]]

    def inside(self, folder: Path, name: str) -> Path:
        """Return the path of `name` below `folder`; raises Refusal when it would lead out of it."""
        try:
            path, root = (folder / name).resolve(), folder.resolve()
            path.exists()
        except (ValueError, OSError):  # null bytes, lone surrogates, names longer than the system takes
            path = root = folder
        if path == root or not path.is_relative_to(root):
            message = f"{name[:80]!r} is not a file name below its folder."
            raise Refusal(message, "Use a plain name.", code="bad_path")
        return path

    def folder(self, root: str, name: str) -> Path:
        """Return a folder below one that the API serves; "." is that one. Raises Refusal for any other."""
        return self.by_name(root) if name == "." else self.inside(self.by_name(root), name)

    def images(self, root: str, name: str, *, subfolders: bool) -> list[str]:
        """Return the pictures in a folder, as names below `root`; raises Refusal for an unknown folder."""
        folder = self.folder(root, name)
        below = names_below(folder, IMAGE_SUFFIXES) if folder.is_dir() else iter(())
        prefix = "" if name == "." else f"{name.strip('/')}/"
        return [prefix + found for found in below if subfolders or "/" not in found]

    def by_name(self, folder: str) -> Path:
        """Return one of the folders that the API serves; raises Refusal for any other."""
        known = {"output": self.output, "temp": self.temp, "input": self.input}
        if folder not in known:
            raise Refusal(
                f"There is no folder '{folder}'.", f"Allowed are {', '.join(known)}.", code="bad_path"
            )
        return known[folder]

    def model(self, kind: str, name: str) -> Path:
        """Return the model `name` of a folder kind; raises Refusal when it is not there."""
        for root in self.models.get(kind, ()):
            path = self.inside(root, name)
            if path.exists():
                return path
        raise Refusal(
            f"There is no model '{name}' in '{kind}'.", "Choose one that is listed.", code="missing_file"
        )

    def new_model(self, kind: str, name: str) -> Path:
        """Return where a new model file goes; where the name is taken, it gets a number."""
        roots = self.models.get(kind, ())
        if not roots:
            raise Refusal(f"There is no model folder '{kind}'.", "Configure one.", code="bad_path")
        wanted = self.inside(roots[0], name)
        wanted.parent.mkdir(parents=True, exist_ok=True)
        numbered = (wanted.with_stem(f"{wanted.stem}_{number}") for number in count(2))
        return next(path for path in chain([wanted], numbered) if not path.exists())

    def choices(self, kind: str, folder: str) -> list[str]:
        """Return the names that a ModelFile (`models`) or a widget for uploads (`images`, ...) may offer."""
        if kind == "models":
            return sorted({name for root in self.models.get(folder, ()) for name in model_names(root)})
        if kind in UPLOADS:
            return sorted(names_below(self.by_name(folder), UPLOADS[kind]))
        if kind == "image_folders":
            root = self.by_name(folder)
            names = {name.rpartition("/")[0] for name in names_below(root, IMAGE_SUFFIXES)}
            return [".", *sorted(name for name in names if name)]
        raise Refusal(
            f"There is no kind of choices '{kind}'.",
            "Allowed are models, images, image_folders, videos and sounds.",
            code="bad_path",
        )

    def state(self, entry: Input, name: str) -> str:
        """Return something that changes when the file named by a widget changes, for fingerprints."""
        try:
            match entry.widget:
                case ModelFile(folder):
                    path = self.model(folder, name)
                case ImageFolder(folder):
                    path = self.folder(folder, name)
                case ImageFile(folder):
                    path = self.inside(self.by_name(folder), name)
                case _:
                    return ""
            below = [path, *path.rglob("*")] if path.is_dir() else [path]
            newest = max(below, key=modified)
            return f"{modified(newest)}:{newest.stat().st_size}"
        except (OSError, Refusal):
            return "missing"  # the node itself says so when it runs


def modified(path: Path) -> int:
    return path.stat().st_mtime_ns


def model_names(root: Path) -> Iterator[str]:
    """Name the model folders (with a model_index.json) and model files below `root`.

    Of a model in numbered files, such as model-00001-of-00003.safetensors, the first stands for all.
    """
    for index in root.glob("**/model_index.json"):
        yield index.parent.relative_to(root).as_posix()
    folders = {index.parent for index in root.glob("**/model_index.json")}
    for path in root.rglob("*"):
        if path.suffix not in MODEL_SUFFIXES or LATER_SHARD.fullmatch(path.name):
            continue
        if path.is_file() and not folders & set(path.parents):
            yield path.relative_to(root).as_posix()


def names_below(root: Path, suffixes: set[str]) -> Iterator[str]:
    for path in root.rglob("*"):
        if path.suffix.lower() in suffixes and path.is_file():
            yield path.relative_to(root).as_posix()


class Numbering:
    """Gives out file names with counting numbers; numbers of deleted files are not filled up."""

    def __init__(self) -> None:
        self._last: dict[tuple[Path, str], int] = {}

    def claim(self, folder: Path, template: str) -> str:
        """Return a new name for `template`, `{n}` being a five-digit number, and put an empty file there.

        The file keeps the name from every other process that counts in the same folder.
        """
        folder.mkdir(parents=True, exist_ok=True)
        safe = safe_template(template)
        number = self._last.get((folder, safe)) or largest_number(folder, safe)
        while True:
            number += 1
            name = safe.replace("{n}", f"{number:05d}")
            try:
                (folder / name).touch(exist_ok=False)
            except FileExistsError:
                continue
            self._last[folder, safe] = number
            return name


def write_whole(path: Path, data: bytes) -> None:
    """Write a file so that a reader sees the old content or the new, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = part_of(path)
    part.write_bytes(data)
    part.replace(path)


def part_of(path: Path) -> Path:
    """Return where a file is written before it gets its name."""
    return path.with_name(path.name + ".part")


def safe_template(template: str) -> str:
    """Return the template as a plain file name with a place for the number."""
    plain = re.sub(r"[^\w\-. {}]", "_", template).lstrip(".") or "picture.png"
    stem, dot, suffix = plain.rpartition(".")
    return plain if "{n}" in plain else f"{stem}_{{n}}{dot}{suffix}"


def largest_number(folder: Path, template: str) -> int:
    pattern = re.compile(re.escape(template).replace(re.escape("{n}"), r"(\d{5})") + "$")
    found = (pattern.match(path.name) for path in folder.iterdir())
    return max((int(match[1]) for match in found if match), default=0)
