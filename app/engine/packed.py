"""Weights that stay as small as their file stores them, and are turned into numbers when a layer runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from app.checkpoints.rules import Piece
from app.engine.gguf_blocks import DECODERS, decode_blocks

FLOAT8 = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2}
LARGEST = {"F8_E4M3": 448.0, "F8_E5M2": 57344.0, "I8": 127.0}
PACKED = {*FLOAT8, *DECODERS, "I8"}


@dataclass(frozen=True, eq=False)
class Packed:
    """A matrix in few bits.

    Attributes:
        raw: (rows, columns) of float8 or int8, or (rows, bytes) of GGUF blocks as uint8.
        kind: Type as a file calls it.
        scale: What the numbers are multiplied with, () or (rows, 1); None for nothing.
    """

    raw: Tensor
    kind: str
    scale: Tensor | None = None

    def decode(self, dtype: torch.dtype) -> Tensor:
        """Return the numbers, (rows, columns)."""
        if self.kind in DECODERS:
            return decode_blocks(self.raw, self.kind).to(dtype)
        return self.raw.to(dtype) if self.scale is None else (self.raw.float() * self.scale).to(dtype)

    def scaled(self, scale: Tensor) -> Packed:
        """Return it with the scale that a file holds beside it: one number, or one for each row."""
        return replace(
            self, scale=scale.float().reshape(-1, 1) if scale.numel() > 1 else scale.float().reshape(())
        )


def pack(weight: Tensor, kind: str) -> Packed:
    """Store a matrix in 8 bits, with a scale for each row so that its largest number is just held.

    Reference: Dettmers et al., LLM.int8() (2022), https://arxiv.org/abs/2208.07339
    """
    weight = weight.float()
    scale = weight.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / LARGEST[kind]
    numbers = weight / scale
    raw = numbers.round().to(torch.int8) if kind == "I8" else numbers.to(FLOAT8[kind])
    return Packed(raw, kind, scale)


def cut(packed: Packed, piece: Piece) -> Packed:
    """Return the rows that `piece` says; blocks never reach over the end of a row."""
    if not piece.rows:
        return packed
    return replace(packed, raw=torch.cat([packed.raw[start:end] for start, end in piece.rows]))


class PackedLinear(nn.Linear):
    """A linear layer with a packed weight. Saves memory; decoding takes time at every call."""

    def __init__(self, like: nn.Linear, packed: Packed, dtype: torch.dtype) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = like.in_features, like.out_features
        self.kind, self.computed = packed.kind, dtype
        self.register_buffer("raw", packed.raw)
        self.register_buffer("scale", packed.scale)
        self.bias = like.bias

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        return Packed(self.raw, self.kind, self.scale).decode(self.computed)  # type: ignore[arg-type]


def storage_report(module: nn.Module, dtype: torch.dtype) -> dict[str, object]:
    """Say how a model's weights are kept, what that saves and what it costs."""
    layers = [part for part in module.modules() if isinstance(part, PackedLinear)]
    plain = sum(layer.in_features * layer.out_features * dtype.itemsize for layer in layers)
    small = sum(tensor.nbytes for layer in layers for tensor in layer.buffers())
    total = sum(tensor.nbytes for tensor in (*module.parameters(), *module.buffers()))
    said: dict[str, object] = {
        "stored": ", ".join(sorted({layer.kind for layer in layers})) or str(dtype).removeprefix("torch."),
        "computed": str(dtype).removeprefix("torch."),
        "packed_layers": len(layers),
        "bytes": total,
        "bytes_saved": plain - small,
    }
    if layers:
        said["note"] = "Saves memory, not time: weights are decoded before each matrix product."
    return said
