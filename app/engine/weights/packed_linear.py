"""Linear layers whose weight is packed: decoded at every use, or multiplied as whole numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.weights.codes import apart
from app.engine.weights.packed import Inputs, Packed

SHORTEST = 32  # rows of a product on a GPU: the kernel takes 17 at least
DIVISOR = 8  # of both sides of a weight, for the kernel on a GPU
INT8_CAPABILITY = (7, 5)


class PackedLinear(nn.Linear):
    """A linear layer with a packed weight. Saves memory; decoding takes time at every call."""

    kernel = "decodes the weight, then multiplies"

    def __init__(self, like: nn.Linear, packed: Packed, dtype: torch.dtype) -> None:
        nn.Module.__init__(self)
        self.in_features, self.out_features = like.in_features, like.out_features
        self.kind, self.computed = packed.kind, dtype
        self.inputs = packed.inputs and replace(packed.inputs, balance=None)  # a buffer instead, which moves
        self.register_buffer("raw", packed.raw)
        self.register_buffer("scale", packed.scale)
        self.register_buffer("whole_scale", packed.whole_scale)
        self.register_buffer("balance", packed.inputs.balance if packed.inputs else None)
        self.bias = like.bias

    @property
    def packed(self) -> Packed:
        """The weight, where it is now."""
        tensors: Any = self
        inputs = self.inputs and replace(self.inputs, balance=tensors.balance)
        return Packed(tensors.raw, self.kind, tensors.scale, tensors.whole_scale, inputs)

    @property
    def weight(self) -> Tensor:  # type: ignore[override]
        return self.packed.decode(self.computed)


class Int8Linear(PackedLinear):
    """A linear layer that rounds its inputs to 8 bits, token by token, and multiplies whole numbers.

    Reference: Dettmers et al., LLM.int8() (2022), https://arxiv.org/abs/2208.07339
    """

    kernel = "multiplies whole numbers of 8 bits (torch._int_mm)"

    def __init__(self, like: nn.Linear, packed: Packed, dtype: torch.dtype) -> None:
        super().__init__(like, packed, dtype)
        sums = eight_bits(packed).sum(dim=1, dtype=torch.int32) if self.shifts else None
        self.register_buffer("sums", sums)

    @property
    def shifts(self) -> bool:
        return self.inputs is not None and self.inputs.zero_point

    def forward(self, x: Tensor) -> Tensor:
        packed = self.packed
        inputs = packed.inputs or Inputs(dynamic=True)
        rows = inputs.prepare(x.reshape(-1, x.shape[-1]))
        numbers, scale, shift = whole_numbers(rows, zero_point=self.shifts)
        product = int8_product(numbers, eight_bits(packed))
        if shift is not None:
            product = product + shift * self.sums  # type: ignore[operator]
        output = (product.float().mul_(scale).mul_(self.scale.flatten())).to(x.dtype)  # type: ignore[operator]
        output = output if self.bias is None else output + self.bias
        return output.reshape(*x.shape[:-1], -1)


def eight_bits(packed: Packed) -> Tensor:
    """Return the whole numbers of a weight, (rows, D) int8."""
    return packed.raw if packed.kind == "I8" else apart(packed.raw).to(torch.int8) - 8


def whole_numbers(rows: Tensor, *, zero_point: bool) -> tuple[Tensor, Tensor, Tensor | None]:
    """Round rows (T, D) to 8 bits; return (numbers, scale (T, 1), shift (T, 1) or None).

    rows = (numbers + shift) * scale, up to half a scale.
    """
    rows = rows.float()
    if not zero_point:
        scale = rows.abs().amax(dim=1, keepdim=True).clamp_min(1e-12) / 127
        return (rows / scale).round().to(torch.int8), scale, None
    low, high = rows.amin(dim=1, keepdim=True).clamp(max=0), rows.amax(dim=1, keepdim=True).clamp(min=0)
    scale = (high - low).clamp_min(1e-12) / 255
    shift = (low / scale).round() + 128
    return ((rows / scale).round() - shift).clamp(-128, 127).to(torch.int8), scale, shift.int()


def int8_product(numbers: Tensor, weight: Tensor) -> Tensor:
    """Return numbers @ weight.T exactly, (T, D) and (rows, D) int8 -> (T, rows) int32."""
    tokens = len(numbers)
    if numbers.is_cuda and tokens < SHORTEST:
        numbers = nn.functional.pad(numbers, (0, 0, 0, SHORTEST - tokens))
    return torch._int_mm(numbers, weight.t())[:tokens]


def packed_linear(like: nn.Linear, packed: Packed, dtype: torch.dtype) -> PackedLinear:
    """Return the layer that suits a weight on the device where it is."""
    return (PackedLinear if why_decoded(packed) else Int8Linear)(like, packed, dtype)


def why_decoded(packed: Packed) -> str:
    """Say why a weight is decoded before its product; empty where whole numbers are multiplied."""
    if packed.inputs is None or not packed.inputs.dynamic:
        return "decoding comes on top of the matrix product"
    if any(side % DIVISOR for side in packed.raw.shape):
        return f"whole numbers are multiplied only where both sides of a weight are multiples of {DIVISOR}"
    if packed.kind == "I8" and packed.scale is not None and packed.scale.ndim and packed.scale.shape[1] > 1:
        return "whole numbers are multiplied only where a row has one scale"
    if packed.raw.is_cuda and torch.cuda.get_device_capability(packed.raw.device) < INT8_CAPABILITY:
        return "this GPU multiplies no whole numbers of 8 bits"
    return ""
