"""FiTv2: a transformer for pictures of any size and shape, which tells places by rotary positions alone.

Pictures of several sizes share a batch where a mask says which tokens of the grid each of them has.

Reference: Wang et al., FiTv2: Scalable and Improved Flexible Vision Transformer for Diffusion Model (2024),
    https://arxiv.org/abs/2410.13925
"""

from __future__ import annotations

import torch
from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn
from torch.nn.functional import fold, silu, unfold

from app.engine.networks.layers import (
    FinalLayer,
    LabelTable,
    SelfAttention,
    TimeEmbedder,
    layer_norm,
    modulate,
    zeroed,
)
from app.engine.networks.positions import rotary_table


class FiTv2Transformer2DModel(ModelMixin, ConfigMixin):
    """Noisy latent (B, C, h, w), time (B,) from noise 0 to picture 1, and class (B, D) to the velocity."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(  # noqa: PLR0913, PLR0917 -- what its config.json holds
        self,
        in_channels: int = 4,
        patch_size: int = 2,
        hidden_size: int = 1152,
        num_attention_heads: int = 16,
        num_layers: int = 36,
        num_classes: int = 1000,
        adaln_rank: int = 288,
    ) -> None:
        """Build the untrained network; class `num_classes` stands for no class at all."""
        super().__init__()  # type: ignore[no-untyped-call]
        width, self.patch_size, self.head_width = hidden_size, patch_size, hidden_size // num_attention_heads
        values = in_channels * patch_size**2
        self.x_embedder = nn.ModuleDict({"proj": nn.Linear(values, width)})
        self.t_embedder = TimeEmbedder(width)
        self.y_embedder = LabelTable(num_classes, width)
        self.global_adaLN_modulation = nn.Sequential(nn.SiLU(), zeroed(width, 6 * width))
        self.blocks = nn.ModuleList(
            FlexibleBlock(width, num_attention_heads, adaln_rank) for _ in range(num_layers)
        )
        self.final_layer = FinalLayer(width, values, layer_norm)

    def forward(
        self,
        latent: Tensor,
        time: Tensor,
        label: Tensor,
        mask: Tensor | None = None,
        return_dict: bool = False,
    ) -> tuple[Tensor]:
        """Return the velocity picture - noise, shaped like `latent`, as a tuple of one.

        Args:
            latent: Noisy latents (B, C, h, w); one that is smaller than the others stands in the upper left.
            time: (B,), from noise 0 to picture 1.
            label: Vectors of the classes (B, D).
            mask: (B, rows, columns), True for the tokens that belong to the picture; None for all of them.
            return_dict: Not used; there is only one way to return it.
        """
        rows, columns = (side // self.patch_size for side in latent.shape[-2:])
        rotary = rotary_table(rows, columns, self.head_width, latent.device)
        x = self.x_embedder["proj"](self.patches(latent))
        condition = (self.t_embedder(time, latent.dtype) + label)[:, None]
        shared = self.global_adaLN_modulation(condition)
        counted = None if mask is None else mask.flatten(1)[:, None, None]
        for block in self.blocks:
            x = block(x, condition, shared, rotary, counted)
        return (self.pixels(self.final_layer(x, condition), latent, mask),)

    def patches(self, latent: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, N, C * p * p)."""
        return unfold(latent, self.patch_size, stride=self.patch_size).transpose(1, 2)

    def pixels(self, tokens: Tensor, like: Tensor, mask: Tensor | None) -> Tensor:
        """(B, N, C * p * p) -> the shape of the latent `like`, 0 where the mask is False."""
        if mask is not None:
            tokens = torch.where(mask.flatten(1)[..., None], tokens, 0)
        return fold(tokens.transpose(1, 2), like.shape[-2:], self.patch_size, stride=self.patch_size)


class FlexibleBlock(nn.Module):
    """Attention and gated MLP; what modulates them is common to all blocks but for a change of low rank."""

    def __init__(self, width: int, heads: int, rank: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = layer_norm(width), layer_norm(width)
        self.attn, self.mlp = SelfAttention(width, heads, layer_norm), SplitGatedMlp(width)
        self.adaLN_modulation = nn.Sequential(nn.SiLU(), nn.Linear(width, rank), zeroed(rank, 6 * width))

    def forward(
        self, x: Tensor, condition: Tensor, shared: Tensor, rotary: Tensor, mask: Tensor | None
    ) -> Tensor:
        """Take tokens (B, N, D), condition (B, 1, D), the shared modulation (B, 1, 6 D), rotary and mask."""
        modulation = self.adaLN_modulation(condition) + shared
        shift1, scale1, gate1, shift2, scale2, gate2 = modulation.chunk(6, dim=-1)
        x = x + gate1 * self.attn(modulate(self.norm1(x), shift1, scale1), rotary, mask)
        result: Tensor = x + gate2 * self.mlp(modulate(self.norm2(x), shift2, scale2))
        return result


class SplitGatedMlp(nn.Module):
    """SwiGLU with two thirds of four times the width, gate and values in matrices of their own."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = 8 * width // 3
        self.fc1_g, self.fc1_x = nn.Linear(width, inner), nn.Linear(width, inner)
        self.fc2 = nn.Linear(inner, width)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.fc2(silu(self.fc1_g(x)) * self.fc1_x(x))
        return result
