"""Weights that stay as small as their file stores them, and are turned into numbers when a layer runs."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from app.checkpoints.rules import Piece
from app.engine.weights.codes import CODES, nearest, read_codes, together
from app.engine.weights.gguf_blocks import DECODERS, decode_blocks
from app.engine.weights.rotation import rotated
from app.graph.problem import Refusal

FLOAT8 = {"F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2, "MXFP8": torch.float8_e4m3fn}
LARGEST = {"F8_E4M3": 448.0, "F8_E5M2": 57344.0, "I8": 127.0, "I4": 7.0, "NF4": 1.0}
PACKED = {*FLOAT8, *DECODERS, *CODES, "I8"}
GROUP = 64  # numbers that share a scale in four bits, as bitsandbytes has them


@dataclass(frozen=True, eq=False)
class Inputs:
    """What a layer does with its inputs before the product; its weight was made for just that.

    Attributes:
        dynamic: Whether they become whole numbers of 8 bits, with a scale for each token.
        zero_point: Whether that scale begins at a token's smallest number instead of lying around 0.
        balance: (D,), what each channel is multiplied with; the weight was divided by it. None for nothing.
        rotation: How many channels are rotated together; 0 for none.
    """

    dynamic: bool = False
    zero_point: bool = False
    balance: Tensor | None = None
    rotation: int = 0

    def prepare(self, x: Tensor) -> Tensor:
        """Balance and rotate inputs (..., D)."""
        x = x if self.balance is None else x * self.balance.to(x.dtype)
        return rotated(x, self.rotation) if self.rotation else x

    def counter(self, weight: Tensor) -> Tensor:
        """Change a weight (rows, D) so that the product with prepared inputs is what it was."""
        weight = weight if self.balance is None else weight / self.balance
        return rotated(weight, self.rotation) if self.rotation else weight

    def restore(self, weight: Tensor) -> Tensor:
        """Return the weight that `counter` changed."""
        weight = rotated(weight, self.rotation) if self.rotation else weight
        return weight if self.balance is None else weight * self.balance


@dataclass(frozen=True, eq=False)
class Packed:
    """A matrix in few bits.

    Attributes:
        raw: (rows, columns) of float8 or int8, or (rows, bytes) of GGUF blocks or of 4-bit codes as uint8.
        kind: What it is: a type of safetensors or GGUF, `NF4`, `FP4`, `NVFP4`, `MXFP8` or `I4`.
        scale: What the numbers are multiplied with, () or (rows, groups of columns); None for nothing.
        whole_scale: What `scale` is multiplied with, (); None for nothing.
        inputs: What the layer does with its inputs; None for nothing.
    """

    raw: Tensor
    kind: str
    scale: Tensor | None = None
    whole_scale: Tensor | None = None
    inputs: Inputs | None = None

    def decode(self, dtype: torch.dtype) -> Tensor:
        """Return the numbers, (rows, columns), as they stood before inputs were balanced or rotated."""
        numbers = self.numbers()
        return (self.inputs.restore(numbers) if self.inputs else numbers).to(dtype)

    def numbers(self) -> Tensor:
        """Return the numbers, (rows, columns) float32, for inputs that are prepared."""
        if self.kind in DECODERS:
            return decode_blocks(self.raw, self.kind)
        numbers = read_codes(self.raw, self.kind) if self.kind in CODES else self.raw.float()
        if self.scale is None:
            return numbers
        scale = self.scale.float() if self.whole_scale is None else self.whole_scale * self.scale.float()
        if scale.ndim == 0:
            return numbers * scale
        return (numbers.reshape(*scale.shape, -1) * scale[..., None]).flatten(1)

    def to(self, device: torch.device) -> Packed:
        """Return it on a device."""

        def moved(tensor: Tensor | None) -> Tensor | None:
            return None if tensor is None else tensor.to(device)

        inputs = self.inputs and replace(self.inputs, balance=moved(self.inputs.balance))
        return Packed(self.raw.to(device), self.kind, moved(self.scale), moved(self.whole_scale), inputs)

    def scaled(self, scale: Tensor) -> Packed:
        """Return it with the scale that a file holds beside it: one number, or one for each row or group."""
        if scale.ndim == 2 and len(scale) == len(self.raw) and self.raw.shape[1] % scale.shape[1] == 0:
            return replace(self, scale=scale.float())
        if scale.numel() not in (1, len(self.raw)):
            raise Refusal(
                f"A weight of {len(self.raw)} rows has a scale of shape {tuple(scale.shape)} beside it.",
                "Use a version of the model with one scale for each weight, row or group of a row, or GGUF.",
                code="unsupported",
                input="name",
            )
        return replace(self, scale=scale.float().reshape((-1, 1) if scale.numel() > 1 else ()))


def pack(weight: Tensor, kind: str, group: int = 0, inputs: Inputs | None = None) -> Packed:
    """Store a matrix in few bits, with scales so that the largest number of each group is just held.

    Args:
        weight: (rows, columns).
        kind: `F8_E4M3`, `F8_E5M2`, `I8`, `I4` or `NF4`.
        group: How many numbers of a row share a scale; 0 for the whole row.
        inputs: What the layer will do with its inputs.

    Reference: Dettmers et al., LLM.int8() (2022), https://arxiv.org/abs/2208.07339
    """
    weight = inputs.counter(weight.float()) if inputs else weight.float()
    groups = weight.reshape(len(weight), -1, group or weight.shape[1])
    scale = groups.abs().amax(dim=2, keepdim=True).clamp_min(1e-12) / LARGEST[kind]
    return Packed(codes_of((groups / scale).flatten(1), kind), kind, scale.squeeze(2), None, inputs)


def codes_of(numbers: Tensor, kind: str) -> Tensor:
    """Return numbers that fit a type as that type holds them."""
    if kind == "NF4":
        return together(nearest(numbers, kind))
    if kind == "I4":
        return together(numbers.round() + 8)
    return numbers.round().to(torch.int8) if kind == "I8" else numbers.to(FLOAT8[kind])


def cut(packed: Packed, piece: Piece) -> Packed:
    """Return the rows that `piece` says; blocks and groups never reach over the end of a row."""
    if not piece.rows:
        return packed

    def rows(tensor: Tensor) -> Tensor:
        return torch.cat([tensor[start:end] for start, end in piece.rows])

    scale = packed.scale
    if scale is not None and scale.ndim:
        scale = rows(scale)
    return replace(packed, raw=rows(packed.raw), scale=scale)
