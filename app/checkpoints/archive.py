"""The tensors of a model, over all of its files, without reading any of them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from app.checkpoints.gguf import read_gguf
from app.checkpoints.weights import read_header, weight_files

Shape = tuple[int, ...]
Shapes = Mapping[str, Shape]


@dataclass(frozen=True)
class Entry:
    """One tensor in a file.

    Attributes:
        file: Where it lies.
        dtype: As the file calls it: `BF16`, `F8_E4M3`, `Q4_K`.
        shape: Sizes, outermost first.
        nbytes: What it takes in the file (bytes).
        start: Where it begins in a GGUF file (bytes); the library finds those of safetensors itself.
    """

    file: Path
    dtype: str
    shape: Shape
    nbytes: int
    start: int = 0


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
    """Read the header of a safetensors or GGUF file, or those of all files in the folder of a model part."""
    files = (path,) if path.is_file() else weight_files(path)
    return Archive(path, {name: entry for file in files for name, entry in entries_of(file).items()})


def entries_of(file: Path) -> dict[str, Entry]:
    if file.suffix == ".gguf":
        tensors = read_gguf(file)
        return {
            name: Entry(file, tensor.kind.name, tensor.shape, tensor.nbytes, tensor.start)
            for name, tensor in tensors.items()
        }
    found = {}
    for name, said in read_header(file).items():
        start, end = said["data_offsets"]
        found[name] = Entry(file, said["dtype"], tuple(said["shape"]), end - start)
    return found
