"""How much memory the weights in a file will take once they are loaded: told by its header alone."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from app.checkpoints.archive import Archive
from app.checkpoints.entry import Entry

PLAIN = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2}
DECODED = {"float32": 4, "bfloat16": 2, "float16": 2}
# Bytes for each number of a block's matrices where the user chooses how to keep them, with a scale of 4 bytes
# for each 64 numbers of 4 bits; a scale a row is little.
CAST = "cast "  # what stands before a type to which layers are cast one by one, but for the PRECISE ones
PRECISE = ("norm", r"(^|\.)wo(\.|$)")  # norms, and layers whose type T5 looks at before it calls them
KEPT = {CAST: 1.0, "float8": 1.0, "int8": 1.0, "nf4": 0.5625, "int4": 0.5625}
BLOCK = re.compile(r".*?\.\d+(?=\.)")  # `double_blocks.0` of `double_blocks.0.img_attn.qkv.weight`
NOT_CAST = re.compile("|".join(PRECISE))


@dataclass(frozen=True)
class PartSize:
    """The weights of one model part.

    Attributes:
        name: What part it is, in words.
        model: Which model: family, name of an encoder.
        precision: How the file stores most of its numbers.
        parameters: Numbers in it.
        file: Bytes in the file.
        bytes: Bytes once loaded.
        block: Bytes of its largest block, out of the many alike that hold nearly all of a model.
        rest: Bytes of what is in no block.
    """

    name: str
    model: str
    precision: str
    parameters: int
    file: int
    bytes: int
    block: int
    rest: int


def part_size(
    archive: Archive, names: Iterable[str], title: tuple[str, str], kept: str, itemsize: int
) -> PartSize:
    """Return the size of some tensors of an archive.

    Args:
        archive: The files.
        names: The tensors, as the files call them.
        title: What part it is, and which model.
        kept: How a loader is asked to keep the weights; `auto` for as packed as in the file,
            `cast float8_e4m3` for cast layer by layer.
        itemsize: Bytes of a number that is computed with.
    """
    names = [name for name in names if name in archive.entries]
    blocks: dict[str, int] = {}
    for name in names:
        match = BLOCK.match(name)
        matrix = match is not None and not (kept.startswith(CAST) and NOT_CAST.search(name))
        size = loaded(archive.entries[name], matrix, kept, itemsize)
        block = match.group() if match else ""
        blocks[block] = blocks.get(block, 0) + size
    rest = blocks.pop("", 0)
    return PartSize(
        *title,
        precision=archive.precision(names),
        parameters=archive.parameters(names),
        file=archive.nbytes(names),
        bytes=rest + sum(blocks.values()),
        block=max(blocks.values(), default=0),
        rest=rest,
    )


def in_block(name: str) -> bool:
    """Whether a tensor belongs to one of many alike blocks."""
    return BLOCK.match(name) is not None


def loaded(entry: Entry, small: bool, kept: str, itemsize: int) -> int:
    """Return the bytes of one tensor in memory; `small` ones are kept as asked for, all else is decoded."""
    count = math.prod(entry.shape)
    if len(entry.shape) != 2 or not small or kept in DECODED:
        return count * DECODED.get(kept, itemsize)
    if entry.dtype not in PLAIN:
        return entry.nbytes
    stored = next((size for name, size in KEPT.items() if kept.startswith(name)), float(itemsize))
    return int(count * stored)
