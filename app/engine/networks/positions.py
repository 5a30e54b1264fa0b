"""Where the tokens of a picture are: waves added at the entrance, and turns of queries and keys.

Reference: Vaswani et al., Attention Is All You Need (2017), https://arxiv.org/abs/1706.03762
Reference: Su et al., RoFormer: Enhanced Transformer with Rotary Position Embedding (2021),
    https://arxiv.org/abs/2104.09864
"""

from __future__ import annotations

import torch
from torch import Tensor

BASE = 10000.0
SPAN = 16.0  # from edge to edge of a picture, where positions do not count tokens


def wave_table(rows: int, columns: int, width: int, like: Tensor) -> Tensor:
    """Return what tells each token its place, (N, D): half the width for its column, half for its row."""
    rates = BASE ** (-torch.arange(0, width, 4, device=like.device) / width)
    places = token_places(rows, columns, like.device)
    angles = [places[:, axis, None] * rates for axis in (1, 0)]
    return torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1).to(like.dtype)


def rotary_table(rows: int, columns: int, width: int, device: torch.device) -> Tensor:
    """Return cosine and sine (N, d / 2, 2) of each token: half the pairs for its row, half for its column."""
    rates = BASE ** (-torch.arange(0, width, 4, device=device) / width)
    places = token_places(rows, columns, device)
    angles = torch.cat([places[:, axis, None] * rates for axis in (0, 1)], dim=1)
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def spanning_rotary_table(rows: int, columns: int, width: int, device: torch.device) -> Tensor:
    """Return cosine and sine (N, d / 2, 2): every other pair for columns and for rows, from 0 to `SPAN`."""
    rates = BASE ** (-torch.arange(0, width, 4, device=device) / width)
    lengths = (torch.linspace(0, SPAN, size, device=device) for size in (rows, columns))
    places = torch.cartesian_prod(*lengths).reshape(-1, 2)
    angles = torch.stack([places[:, axis, None] * rates for axis in (1, 0)], dim=-1).flatten(1)
    return torch.stack([angles.cos(), angles.sin()], dim=-1)


def token_places(rows: int, columns: int, device: torch.device) -> Tensor:
    """Return (row, column) of each token, (N, 2)."""
    return torch.cartesian_prod(*(torch.arange(size, device=device) for size in (rows, columns))).reshape(
        -1, 2
    )


def rotate(x: Tensor, rotary: Tensor) -> Tensor:
    """Turn pairs of (B, K, N, d) by the angles of `rotary`, which are float32 whatever the precision of x."""
    even, odd = x[..., ::2], x[..., 1::2]
    cosine, sine = rotary.unbind(-1)
    turned = torch.stack([even * cosine - odd * sine, even * sine + odd * cosine], dim=-1)
    return turned.flatten(-2).to(x.dtype)
