"""`folder_paths`: where inputs, results and models lie. What a name leads to stays in its folder."""

from __future__ import annotations

import mimetypes
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.execution.files import MODEL_SUFFIXES, Folders

ENDINGS = {" [output]": "output", " [input]": "input", " [temp]": "temp"}
SavePlace = tuple[str, str, int, str, str]


@dataclass
class FolderPaths:
    """The functions of the module, for the folders of this start. `more` holds folders that packs add."""

    folders: Folders
    more: dict[str, list[str]] = field(default_factory=dict)

    def module(self) -> dict[str, Any]:
        """Return the module's names."""
        names = [name for name in dir(self) if name.startswith(("get_", "add_", "exists_", "annotated_"))]
        functions = {name: getattr(self, name) for name in (*names, "filter_files_content_types")}
        models = str(self.folders.models["models"][0])
        kinds = {kind: (self.get_folder_paths(kind), MODEL_SUFFIXES) for kind in self.folders.models}
        return {
            **functions,
            "paths": self,
            "models_dir": models,
            "base_path": str(Path(models).parent),
            "output_directory": self.get_output_directory(),
            "input_directory": self.get_input_directory(),
            "temp_directory": self.get_temp_directory(),
            "folder_names_and_paths": kinds,
            "supported_pt_extensions": MODEL_SUFFIXES,
        }

    def get_output_directory(self) -> str:
        return made(self.folders.output)

    def get_temp_directory(self) -> str:
        return made(self.folders.temp)

    def get_input_directory(self) -> str:
        return made(self.folders.input)

    def get_directory_by_type(self, type_name: str) -> str | None:
        known = {name: made(self.folders.by_name(name)) for name in ENDINGS.values()}
        return known.get(type_name)

    def get_folder_paths(self, folder_name: str) -> list[str]:
        return [*map(str, self.folders.models.get(folder_name, ())), *self.more.get(folder_name, ())]

    def add_model_folder_path(
        self, folder_name: str, full_folder_path: str, is_default: bool = False
    ) -> None:
        self.more.setdefault(folder_name, []).append(full_folder_path)

    def get_filename_list(self, folder_name: str) -> list[str]:
        """Return the models of a folder kind."""
        added = (Path(folder) for folder in self.more.get(folder_name, ()))
        names = {
            path.relative_to(folder).as_posix()
            for folder in added
            for path in folder.rglob("*")
            if path.is_file()
        }
        return sorted(names | set(self.folders.choices("models", folder_name)))

    def get_full_path(self, folder_name: str, filename: str) -> str | None:
        """Return where a model lies; None when it is not there."""
        for folder in self.get_folder_paths(folder_name):
            path = self.folders.inside(Path(folder), filename)
            if path.exists():
                return str(path)
        return None

    def get_full_path_or_raise(self, folder_name: str, filename: str) -> str:
        path = self.get_full_path(folder_name, filename)
        if path is None:
            raise FileNotFoundError(f"There is no model '{filename}' in '{folder_name}'.")
        return path

    def annotated_filepath(self, name: str) -> tuple[str, str | None]:
        """Split `cat.png [output]` into the name and the folder it names."""
        for ending, folder in ENDINGS.items():
            if name.endswith(ending):
                return name.removesuffix(ending), self.get_directory_by_type(folder)
        return name, None

    def get_annotated_filepath(self, name: str, default_dir: str | None = None) -> str:
        plain, folder = self.annotated_filepath(name)
        return str(self.folders.inside(Path(folder or default_dir or self.folders.input), plain))

    def exists_annotated_filepath(self, name: str) -> bool:
        return Path(self.get_annotated_filepath(name)).exists()

    def get_save_image_path(
        self, filename_prefix: str, output_dir: str, image_width: int = 0, image_height: int = 0
    ) -> SavePlace:
        """Return folder, file name, next free number, subfolder and prefix for files `name_00001_.png`."""
        prefix = filled(filename_prefix, image_width, image_height)
        path = self.folders.inside(Path(output_dir), prefix)
        folder, name = path.parent, path.name
        folder.mkdir(parents=True, exist_ok=True)
        pattern = re.compile(re.escape(name) + r"_(\d+)_?\.")
        taken = (int(found[1]) for entry in folder.iterdir() if (found := pattern.match(entry.name)))
        subfolder = folder.relative_to(Path(output_dir).resolve()).as_posix()
        number = max(taken, default=0) + 1
        return str(folder), name, number, "" if subfolder == "." else subfolder, prefix

    def filter_files_content_types(self, files: Sequence[str], content_types: Sequence[str]) -> list[str]:
        """Return the files whose ending says that they are pictures, sounds or videos."""
        kinds = {file: (mimetypes.guess_type(file)[0] or "").split("/")[0] for file in files}
        return [file for file in files if kinds[file] in content_types]


def made(folder: Path) -> str:
    """Return a folder that is there."""
    folder.mkdir(parents=True, exist_ok=True)
    return str(folder)


def filled(prefix: str, width: int, height: int) -> str:
    """Put sizes and time in place of `%width%`, `%year%` and the like."""
    now = time.localtime()
    words = {"width": str(width), "height": str(height), "year": str(now.tm_year)}
    for word, value in zip(("month", "day", "hour", "minute", "second"), now[1:6], strict=True):
        words[word] = f"{value:02d}"
    return re.sub(r"%(\w+)%", lambda found: words.get(found[1], found[0]), prefix)
