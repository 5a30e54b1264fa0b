"""The tensors of a model, over all of its files, without reading any of them."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.checkpoints.entry import Entry, Shape
from app.checkpoints.gguf import read_gguf
from app.checkpoints.quantised import fold
from app.checkpoints.weights import data_start, read_header, read_metadata, shards, weight_files
from app.graph.problem import Refusal

Shapes = Mapping[str, Shape]


@dataclass(frozen=True)
class Archive:
    """All tensors of one file, or of the files that make up one model part.

    Attributes:
        path: The file, or the folder of the files.
        entries: Name in the file -> tensor.
    """

    path: Path
    entries: Mapping[str, Entry]

    @cached_property
    def shapes(self) -> Shapes:
        return {name: entry.shape for name, entry in self.entries.items()}

    @cached_property
    def told(self) -> dict[str, Any]:
        """What the header of a file that Patchloom wrote says beside the tensors."""
        if self.path.suffix != ".safetensors":
            return {}
        found: dict[str, Any] = json.loads(read_metadata(self.path).get("patchloom", "{}"))
        return found

    @cached_property
    def settings(self) -> dict[str, Any]:
        """What publishers say of the parts in a file's header, by part; empty where they say nothing."""
        if self.path.suffix != ".safetensors":
            return {}
        try:
            found: dict[str, Any] = json.loads(read_metadata(self.path).get("config", "{}"))
        except ValueError as error:
            raise Refusal(
                f"The settings in the header of {self.path} cannot be read: {error}.",
                "Fetch the file again from where it came from.",
                code="bad_config",
            ) from error
        return found

    def nbytes(self, names: Iterable[str]) -> int:
        return sum(self.entries[name].nbytes for name in names)

    def parameters(self, names: Iterable[str]) -> int:
        return sum(math.prod(self.entries[name].shape) for name in names)

    def precision(self, names: Iterable[str]) -> str:
        """Return the type that holds most of the numbers."""
        totals: dict[str, int] = {}
        for entry in (self.entries[name] for name in names):
            totals[entry.dtype] = totals.get(entry.dtype, 0) + math.prod(entry.shape)
        return max(totals, key=totals.__getitem__, default="")


def open_archive(path: Path) -> Archive:
    """Read the header of a safetensors or GGUF file, of those it is numbered with, or of a folder's files."""
    files = weight_files(path) if path.is_dir() else shards(path)
    return Archive(path, fold({name: entry for file in files for name, entry in entries_of(file).items()}))


def entries_of(file: Path) -> dict[str, Entry]:
    if file.suffix == ".gguf":
        tensors = read_gguf(file)
        return {
            name: Entry(file, tensor.kind.name, tensor.shape, tensor.nbytes, tensor.start)
            for name, tensor in tensors.items()
        }
    header, first = read_header(file), data_start(file)
    return {
        name: Entry(file, said["dtype"], tuple(said["shape"]), end - start, first + start)
        for name, said in header.items()
        for start, end in [said["data_offsets"]]
    }
