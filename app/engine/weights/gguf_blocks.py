"""Numbers from the blocks of GGUF types. A block holds 32 or 256 of them, with scales of their own.

Reference: https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from app.checkpoints.gguf import TYPES

GROUPS, GROUP = 8, 32  # of a block of 256 in the types Q4_K and Q5_K


def decode_blocks(raw: Tensor, kind: str) -> Tensor:
    """Return the numbers of rows of blocks.

    Args:
        raw: (rows, bytes) uint8, whole blocks.
        kind: Name of the type, such as `Q4_K`.

    Returns:
        (rows, columns) float32.
    """
    size = next(entry.nbytes for entry in TYPES.values() if entry.name == kind)
    return DECODERS[kind](raw.reshape(-1, size)).reshape(len(raw), -1)


def half(data: Tensor) -> Tensor:
    """(n, 2) bytes -> (n, 1) the half-precision number that they are."""
    return data.contiguous().view(torch.float16).float()


def nibbles(data: Tensor) -> Tensor:
    """(..., n) bytes -> (..., 2n): first all low halves, then all high ones."""
    return torch.cat([data & 15, data >> 4], dim=-1)


def bits(data: Tensor) -> Tensor:
    """(n, 4) bytes -> (n, 32) bits, the lowest first."""
    shifts = torch.arange(8, dtype=torch.uint8, device=data.device)
    return ((data[..., None] >> shifts) & 1).flatten(1)


def q4_0(block: Tensor) -> Tensor:
    return half(block[:, :2]) * (nibbles(block[:, 2:]).float() - 8)


def q4_1(block: Tensor) -> Tensor:
    return half(block[:, :2]) * nibbles(block[:, 4:]).float() + half(block[:, 2:4])


def q5_0(block: Tensor) -> Tensor:
    number = nibbles(block[:, 6:]) | (bits(block[:, 2:6]) << 4)
    return half(block[:, :2]) * (number.float() - 16)


def q5_1(block: Tensor) -> Tensor:
    number = nibbles(block[:, 8:]) | (bits(block[:, 4:8]) << 4)
    return half(block[:, :2]) * number.float() + half(block[:, 2:4])


def q8_0(block: Tensor) -> Tensor:
    return half(block[:, :2]) * block[:, 2:].contiguous().view(torch.int8).float()


def group_scales(packed: Tensor) -> tuple[Tensor, Tensor]:
    """Return scale and offset of each group, (n, 8) of 6 bits each, from the 12 bytes that hold both."""
    scale, offset, rest = packed[:, :4], packed[:, 4:8], packed[:, 8:]
    scales = torch.cat([scale & 63, (rest & 15) | ((scale >> 6) << 4)], dim=1)
    offsets = torch.cat([offset & 63, (rest >> 4) | ((offset >> 6) << 4)], dim=1)
    return scales.float(), offsets.float()


def scaled_groups(block: Tensor, numbers: Tensor) -> Tensor:
    """Apply the scales at the start of a Q4_K or Q5_K block to its numbers (n, 8, 32)."""
    scales, offsets = group_scales(block[:, 4:16])
    scaled = (half(block[:, :2]) * scales)[..., None] * numbers.float()
    return (scaled - (half(block[:, 2:4]) * offsets)[..., None]).flatten(1)


def q4_k(block: Tensor) -> Tensor:
    return scaled_groups(block, low_nibbles(block[:, 16:]))


def q5_k(block: Tensor) -> Tensor:
    shifts = torch.arange(GROUPS, dtype=torch.uint8, device=block.device)[:, None]
    high = (block[:, None, 16:48] >> shifts) & 1
    return scaled_groups(block, low_nibbles(block[:, 48:]) | (high << 4))


def low_nibbles(data: Tensor) -> Tensor:
    """(n, 128) bytes -> (n, 8, 32): 32 bytes hold two groups, in their low and in their high halves."""
    return nibbles(data.reshape(-1, GROUPS // 2, GROUP)).reshape(-1, GROUPS, GROUP)


def q6_k(block: Tensor) -> Tensor:
    """Read 256 numbers of 6 bits in two halves of 128, with a scale for each 16."""
    low = nibbles(block[:, :128].reshape(-1, 2, 64)).reshape(-1, 2, 4, 32)
    shifts = torch.arange(0, 8, 2, dtype=torch.uint8, device=block.device)[:, None]
    high = (block[:, 128:192].reshape(-1, 2, 1, 32) >> shifts) & 3
    numbers = (low | (high << 4)).reshape(-1, 16, 16).float() - 32
    scales = block[:, 192:208].contiguous().view(torch.int8).float() * half(block[:, 208:])
    return (numbers * scales[..., None]).flatten(1)


DECODERS: dict[str, Callable[[Tensor], Tensor]] = {
    "Q4_0": q4_0,
    "Q4_1": q4_1,
    "Q5_0": q5_0,
    "Q5_1": q5_1,
    "Q8_0": q8_0,
    "Q4_K": q4_k,
    "Q5_K": q5_k,
    "Q6_K": q6_k,
}
