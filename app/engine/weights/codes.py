"""Numbers in four bits: what each of the 16 codes stands for, and how two of them share a byte.

Reference: Dettmers et al., QLoRA (2023), https://arxiv.org/abs/2305.14314 (NF4)
Reference: Rouhani et al., Microscaling Data Formats (2023), https://arxiv.org/abs/2310.10537 (E2M1)
"""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor
from torch.nn.functional import embedding

# fmt: off
NF4 = (
    -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453, -0.28444138169288635,
    -0.18477343022823334, -0.09105003625154495, 0.0, 0.07958029955625534, 0.16093020141124725,
    0.24611230194568634, 0.33791524171829224, 0.44070982933044434, 0.5626170039176941, 0.7229568362236023,
    1.0,
)
FP4 = (
    0.0, 0.0052083334885537624, 0.6666666865348816, 1.0, 0.3333333432674408, 0.5, 0.1666666716337204, 0.25,
    -0.0, -0.0052083334885537624, -0.6666666865348816, -1.0, -0.3333333432674408, -0.5,
    -0.1666666716337204, -0.25,
)
E2M1 = (0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, -0.0, -0.5, -1.0, -1.5, -2.0, -3.0, -4.0, -6.0)
# fmt: on
I4 = tuple(float(code - 8) for code in range(16))
CODES = {"NF4": NF4, "FP4": FP4, "NVFP4": E2M1, "I4": I4}


def read_codes(raw: Tensor, kind: str) -> Tensor:
    """Return the numbers that bytes hold, (rows, bytes) -> (rows, 2 x bytes); the high half comes first."""
    return embedding(raw.int(), pairs(kind, raw.device)).flatten(-2)


@lru_cache(maxsize=16)
def pairs(kind: str, device: torch.device) -> Tensor:
    """Return the two numbers that each byte holds, (256, 2)."""
    table = torch.tensor(CODES[kind], device=device)
    return table[apart(torch.arange(256, dtype=torch.uint8, device=device)[:, None]).int()]


def apart(raw: Tensor) -> Tensor:
    """Return the codes that bytes hold, (rows, bytes) -> (rows, 2 x bytes), 0 to 15."""
    return torch.stack([raw >> 4, raw & 15], dim=-1).flatten(-2)


def together(codes: Tensor) -> Tensor:
    """Put two codes into each byte: the inverse of `apart`."""
    codes = codes.to(torch.uint8)
    return (codes[..., ::2] << 4) | codes[..., 1::2]


def nearest(numbers: Tensor, kind: str) -> Tensor:
    """Return the code that stands for the nearest number; of two as near, the lower one."""
    table = CODES[kind]
    order = sorted(range(len(table)), key=lambda code: table[code])
    middles = torch.tensor([(table[low] + table[high]) / 2 for low, high in pairwise(order)])
    places = torch.bucketize(numbers, middles.to(numbers.device))
    return torch.tensor(order, device=numbers.device)[places]


def untiled(scales: Tensor, rows: int, columns: int) -> Tensor:
    """Return block scales in plain order, (rows, columns), from the tiles of 128 x 4 that tensor cores read.

    Reference: https://docs.nvidia.com/cuda/cublas/index.html#d-block-scaling-factors-layout
    """
    down, across = -(-rows // 128), -(-columns // 4)
    tiles = scales.reshape(down, across, 32, 4, 4).transpose(2, 3)  # (tile, tile, row / 32, row % 32, column)
    return (
        tiles.reshape(down, across, 128, 4).transpose(1, 2).reshape(down * 128, across * 4)[:rows, :columns]
    )
