"""Headers of GGUF files: what tensors they hold, of what type, and where.

Reference: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from app.graph.problem import Refusal

MAGIC = b"GGUF"
SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
TEXT, LIST = 8, 9
SHAPES = "comfy.gguf.orig_shape."  # metadata in which converters keep a shape that the format cannot hold
LARGEST = 2**28  # items of a list or bytes of a text; more is a damaged file


class BlockType(NamedTuple):
    """How a type stores numbers: so many of them together in so many bytes."""

    name: str
    numbers: int
    nbytes: int


TYPES = {
    0: BlockType("F32", 1, 4),
    1: BlockType("F16", 1, 2),
    2: BlockType("Q4_0", 32, 18),
    3: BlockType("Q4_1", 32, 20),
    6: BlockType("Q5_0", 32, 22),
    7: BlockType("Q5_1", 32, 24),
    8: BlockType("Q8_0", 32, 34),
    10: BlockType("Q2_K", 256, 84),
    11: BlockType("Q3_K", 256, 110),
    12: BlockType("Q4_K", 256, 144),
    13: BlockType("Q5_K", 256, 176),
    14: BlockType("Q6_K", 256, 210),
    30: BlockType("BF16", 1, 2),
}


@dataclass(frozen=True)
class GgufTensor:
    """One tensor: `start` is its place in the file (bytes); the shape is as torch gives it."""

    kind: BlockType
    shape: tuple[int, ...]
    start: int

    @property
    def nbytes(self) -> int:
        return prod(self.shape) // self.kind.numbers * self.kind.nbytes


class Reader:
    """Reads the values of a header one after the other."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def value(self, code: str) -> Any:
        size = struct.calcsize(code)
        data = self.file.read(size)
        if len(data) < size:
            raise EOFError
        return struct.unpack(f"<{code}", data)[0]

    def text(self) -> str:
        length = self.length()
        return self.file.read(length).decode("utf-8", errors="replace")

    def length(self) -> int:
        length: int = self.value("Q")
        if length > LARGEST:
            raise EOFError
        return length

    def any(self, kind: int) -> Any:
        """Return a value of any type; the words of a vocabulary are read past too."""
        if kind == TEXT:
            return self.text()
        if kind == LIST:
            entry, count = self.value("I"), self.length()
            return [self.any(entry) for _ in range(count)]
        return self.value(SCALARS[kind])


def read_gguf(path: Path) -> dict[str, GgufTensor]:
    """Return the tensors of a file; refuses what is damaged, cut off or of a type that is not known."""
    try:
        with path.open("rb") as file:
            tensors = read_header(path, Reader(file))
    except (EOFError, KeyError, struct.error) as error:
        raise Refusal(
            f"{path} is not a whole GGUF file: its header cannot be read.",
            "Fetch the file again from where it came from.",
            code="truncated",
        ) from error
    said = max((tensor.start + tensor.nbytes for tensor in tensors.values()), default=0)
    if said > path.stat().st_size:
        raise Refusal(
            f"{path} is cut off: its header speaks of {said:,} bytes, the file has {path.stat().st_size:,}.",
            "The download stopped early. Fetch the file again from where it came from.",
            code="truncated",
        )
    return tensors


def read_header(path: Path, reader: Reader) -> dict[str, GgufTensor]:
    if reader.file.read(4) != MAGIC:
        raise EOFError
    reader.value("I")  # version; 2 and 3 are alike here
    count, entries = reader.length(), reader.length()
    metadata = {reader.text(): reader.any(reader.value("I")) for _ in range(entries)}
    found = {}
    for _ in range(count):
        name = reader.text()
        sizes = tuple(reader.value("Q") for _ in range(reader.value("I")))
        found[name] = (sizes[::-1], known_type(path, name, reader.value("I")), reader.value("Q"))
    step = metadata.get("general.alignment", 32)
    data = -(-reader.file.tell() // step) * step
    return {
        name: GgufTensor(kind, tuple(metadata.get(f"{SHAPES}{name}", shape)), data + offset)
        for name, (shape, kind, offset) in found.items()
    }


def known_type(path: Path, name: str, number: int) -> BlockType:
    if number not in TYPES:
        raise Refusal(
            f"{path} holds {name} as GGUF type {number}, which Patchloom cannot read.",
            f"Use a file with one of: {', '.join(kind.name for kind in TYPES.values())}.",
            code="unsupported",
        )
    return TYPES[number]
