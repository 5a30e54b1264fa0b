"""What class-conditional transformers are made of, under the names that the authors of DiT gave the parts.

Reference: Peebles and Xie, Scalable Diffusion Models with Transformers (2022), https://arxiv.org/abs/2212.09748
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention, silu

from app.engine.networks.positions import rotate

FREQUENCIES = 256  # of the time embedding

Norm = Callable[[int], nn.Module]


def layer_norm(width: int) -> nn.Module:
    return nn.LayerNorm(width, elementwise_affine=False, eps=1e-6)


def rms_norm(width: int) -> nn.Module:
    return nn.RMSNorm(width, eps=1e-6)


class Block(nn.Module):
    """Attention and MLP, shifted, scaled and gated by a condition: one for all tokens, or one for each."""

    def __init__(self, width: int, norm: Norm, attn: nn.Module, mlp: nn.Module) -> None:
        super().__init__()
        self.norm1, self.norm2, self.attn, self.mlp = norm(width), norm(width), attn, mlp
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), zeroed(width, 6 * width))

    def forward(self, x: Tensor, condition: Tensor, rotary: Tensor | None = None) -> Tensor:
        """Take tokens (B, N, D), condition (B, 1 or N, D) and rotary (N, d / 2, 2)."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.adaLN_modulation(condition).chunk(6, dim=-1)
        x = x + gate1 * self.attn(modulate(self.norm1(x), shift1, scale1), rotary)
        result: Tensor = x + gate2 * self.mlp(modulate(self.norm2(x), shift2, scale2))
        return result


class SelfAttention(nn.Module):
    """Attention of tokens among themselves; queries and keys may be normed and turned by their places."""

    def __init__(self, width: int, heads: int, norm: Norm | None = None, *, bias: bool = True) -> None:
        super().__init__()
        self.heads = heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=bias) for _ in range(3))
        self.proj = nn.Linear(width, width)
        self.q_norm, self.k_norm = (norm(width // heads) if norm else nn.Identity() for _ in range(2))

    def forward(self, x: Tensor, rotary: Tensor | None = None, mask: Tensor | None = None) -> Tensor:
        """Take tokens (B, N, D), rotary (N, d / 2, 2) and mask (B, 1, 1, N), True for tokens that count."""
        projected = (project(x) for project in (self.to_q, self.to_k, self.to_v))
        query, key, value = (tokens.unflatten(-1, (self.heads, -1)).transpose(1, 2) for tokens in projected)
        query, key = self.q_norm(query), self.k_norm(key)
        if rotary is not None:
            query, key = rotate(query, rotary), rotate(key, rotary)
        mixed = scaled_dot_product_attention(query, key, value, attn_mask=mask)
        result: Tensor = self.proj(mixed.transpose(1, 2).flatten(2))
        return result


class Mlp(nn.Module):
    """Two layers with GELU between, four times as wide inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1, self.act = nn.Linear(width, 4 * width), nn.GELU("tanh")
        self.fc2 = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.fc2(self.act(self.fc1(x)))
        return result


class GatedMlp(nn.Module):
    """SwiGLU with two thirds of four times the width, gate and values in one matrix."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = int(2 / 3 * (4 * width))  # rounded as the authors do
        self.w12, self.w3 = nn.Linear(width, 2 * inner), nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        gate, values = self.w12(x).chunk(2, dim=-1)
        result: Tensor = self.w3(silu(gate) * values)
        return result


class FinalLayer(nn.Module):
    """Modulated norm and projection to the values of a token."""

    def __init__(self, width: int, values: int, norm: Norm) -> None:
        super().__init__()
        self.norm_final, self.linear = norm(width), zeroed(width, values)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), zeroed(width, 2 * width))

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        """Take tokens (B, N, D) and condition (B, 1 or N, D)."""
        shift, scale = self.adaLN_modulation(condition).chunk(2, dim=-1)
        result: Tensor = self.linear(modulate(self.norm_final(x), shift, scale))
        return result


class TimeEmbedder(nn.Module):
    """Cosines and sines of the time, and two layers; frequencies go from 1 down to nearly 1 / `slowest`."""

    def __init__(self, width: int, slowest: float = 10000.0) -> None:
        super().__init__()
        self.slowest = slowest
        self.mlp = nn.Sequential(nn.Linear(FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, time: Tensor, dtype: torch.dtype) -> Tensor:
        """(B,) -> (B, D)."""
        half = FREQUENCIES // 2
        angles = time[:, None].float() * self.slowest ** (-torch.arange(half, device=time.device) / half)
        embedded: Tensor = self.mlp(torch.cat([angles.cos(), angles.sin()], dim=-1).to(dtype))
        return embedded


class FourierEmbedder(nn.Module):
    """Sines and cosines of the time at frequencies that were drawn once, and two layers."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.randn(FREQUENCIES), requires_grad=False)
        self.mlp = nn.Sequential(nn.Linear(2 * FREQUENCIES, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, time: Tensor, dtype: torch.dtype) -> Tensor:
        """(B,) -> (B, D)."""
        angles = time[:, None].float() * self.W.float() * 2 * torch.pi
        embedded: Tensor = self.mlp(torch.cat([angles.sin(), angles.cos()], dim=-1).to(dtype))
        return embedded


class PatchEmbedder(nn.Module):
    """Each square of latent cells becomes a token."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, latent: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, N, D)."""
        tokens: Tensor = self.proj(latent).flatten(2).transpose(1, 2)
        return tokens


class LabelTable(nn.Module):
    """One vector for each class, and a last one for none; Encode class looks them up."""

    def __init__(self, classes: int, width: int) -> None:
        super().__init__()
        self.embedding_table = nn.Embedding(classes + 1, width)


def zeroed(given: int, made: int) -> nn.Linear:
    """Return a layer that says nothing before it is trained, so that untrained blocks change nothing."""
    layer = nn.Linear(given, made)
    nn.init.zeros_(layer.weight)
    nn.init.zeros_(layer.bias)
    return layer


def modulate(x: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    return x * (1 + scale) + shift


def pixels(tokens: Tensor, rows: int, columns: int, patch: int) -> Tensor:
    """(B, N, p * p * C) -> (B, C, rows * p, columns * p)."""
    cells = tokens.reshape(len(tokens), rows, columns, patch, patch, -1)
    return cells.permute(0, 5, 1, 3, 2, 4).flatten(4, 5).flatten(2, 3)
