"""Reads tensors from weight files, by the names that the model gives them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor

from app.checkpoints.contents import Part
from app.checkpoints.entry import Entry
from app.checkpoints.rules import Piece
from app.engine.weights.gguf_blocks import DECODERS, decode_blocks
from app.engine.weights.packed import Packed, cut
from app.engine.weights.quantised_tensors import whole
from app.graph.problem import Refusal

PLAIN = {"F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}


def read(part: Part) -> Iterator[tuple[str, Tensor | Packed]]:
    """Yield the tensors of a part, file by file; matrices that are quantised there stay packed."""
    by_file: dict[Path, list[tuple[str, Piece]]] = {}
    for name, piece in part.pieces.items():
        by_file.setdefault(part.archive.entries[part.prefix + piece.source].file, []).append((name, piece))
    for file, wanted in by_file.items():
        for name, piece, tensor in tensors(part, file, wanted):
            yield name, cut(tensor, piece) if isinstance(tensor, Packed) else assemble(tensor, piece)


def tensors(
    part: Part, file: Path, wanted: list[tuple[str, Piece]]
) -> Iterator[tuple[str, Piece, Tensor | Packed]]:
    from safetensors import safe_open

    if file.suffix == ".gguf":
        for name, piece in wanted:
            yield name, piece, from_gguf(part.archive.entries[part.prefix + piece.source])
        return
    with safe_open(file, "pt") as opened:
        for name, piece in wanted:
            entry = part.archive.entries[source := part.prefix + piece.source]
            yield name, piece, whole(opened.get_tensor(entry.called or source), entry)


def from_gguf(entry: Entry) -> Tensor | Packed:
    """Read a tensor from its place in the file."""
    with entry.file.open("rb") as file:
        file.seek(entry.start)
        raw = torch.frombuffer(bytearray(file.read(entry.nbytes)), dtype=torch.uint8)
    if entry.dtype in PLAIN:
        return raw.view(PLAIN[entry.dtype]).reshape(entry.shape)
    if entry.dtype not in DECODERS:
        raise Refusal(
            f"{entry.file} is quantised as {entry.dtype}, which Patchloom cannot decode.",
            f"Use one of: {', '.join(DECODERS)}.",
            code="unsupported",
            input="name",
        )
    rows = raw.reshape(entry.shape[0], -1)
    if len(entry.shape) == 2:
        return Packed(rows, entry.dtype)
    return decode_blocks(raw.reshape(1, -1), entry.dtype).reshape(entry.shape)


def assemble(tensor: Tensor, piece: Piece) -> Tensor:
    """Cut out and put together what `piece` says."""
    if len(piece.rows) == 1:
        (start, end) = piece.rows[0]
        tensor = tensor[start:end].clone()  # a view would keep the whole tensor in memory
    elif piece.rows:
        tensor = torch.cat([tensor[start:end] for start, end in piece.rows])
    return tensor.flatten(1)[:, : tensor.shape[1]] if piece.flat and tensor.ndim > 2 else tensor
