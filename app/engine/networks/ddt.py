"""DDT: an encoder finds what the picture is about, a small decoder draws its details from that.

Reference: Wang et al., DDT: Decoupled Diffusion Transformer (2025), https://arxiv.org/abs/2504.05741
"""

from __future__ import annotations

from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn
from torch.nn.functional import silu

from app.engine.networks.layers import SelfAttention, TimeEmbedder, modulate, rms_norm
from app.engine.networks.positions import spanning_rotary_table


class DDTTransformer2DModel(ModelMixin, ConfigMixin):
    """Noisy latent (B, C, h, w), time (B,) from noise 0 to picture 1, and class (B, D) to the velocity."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(  # noqa: PLR0913, PLR0917 -- what its config.json holds
        self,
        in_channels: int = 4,
        patch_size: int = 2,
        hidden_size: int = 1152,
        num_attention_heads: int = 16,
        num_encoder_blocks: int = 22,
        num_decoder_blocks: int = 6,
        num_classes: int = 1000,
    ) -> None:
        """Build the untrained network; class `num_classes` stands for no class at all."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.patch_size, self.heads, width = patch_size, num_attention_heads, hidden_size
        values = in_channels * patch_size**2
        self.s_embedder, self.x_embedder = nn.Linear(values, width), nn.Linear(values, width)
        self.t_embedder = TimeEmbedder(width, slowest=10.0)
        self.y_embedder = nn.Embedding(num_classes + 1, width)
        self.encoder_blocks = blocks(num_encoder_blocks, width, num_attention_heads)
        self.decoder_blocks = blocks(num_decoder_blocks, width, num_attention_heads)
        self.final_layer = FinalLayer(width, values)

    def forward(
        self, latent: Tensor, time: Tensor, label: Tensor, return_dict: bool = False
    ) -> tuple[Tensor]:
        """Return the velocity picture - noise, shaped like `latent`, as a tuple of one."""
        tokens = self.patches(latent)
        rows, columns = (side // self.patch_size for side in latent.shape[-2:])
        rotary = spanning_rotary_table(rows, columns, self.config["hidden_size"] // self.heads, latent.device)
        time_vector = self.t_embedder(time, latent.dtype)[:, None]
        condition = silu(time_vector + label[:, None])
        state = self.s_embedder(tokens)
        for block in self.encoder_blocks:
            state = block(state, condition, rotary)
        state = silu(time_vector + state)
        x = self.x_embedder(tokens)
        for block in self.decoder_blocks:
            x = block(x, state, rotary)
        return (self.pixels(self.final_layer(x, state), latent),)

    def patches(self, latent: Tensor) -> Tensor:
        """(B, C, h, w) -> (B, N, C * p * p)."""
        return nn.functional.unfold(latent, self.patch_size, stride=self.patch_size).transpose(1, 2)

    def pixels(self, tokens: Tensor, like: Tensor) -> Tensor:
        """(B, N, C * p * p) -> the shape of the latent `like`."""
        columns = tokens.transpose(1, 2)
        return nn.functional.fold(columns, like.shape[-2:], self.patch_size, stride=self.patch_size)


def blocks(count: int, width: int, heads: int) -> nn.ModuleList:
    return nn.ModuleList(Block(width, heads) for _ in range(count))


class Block(nn.Module):
    """Attention and gated MLP, both modulated by a condition: one for all tokens, or one for each."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm1, self.norm2 = rms_norm(width), rms_norm(width)
        self.attn, self.mlp = SelfAttention(width, heads, rms_norm, bias=False), GatedMlp(width)
        self.modulation = nn.Linear(width, 6 * width)

    def forward(self, x: Tensor, condition: Tensor, rotary: Tensor) -> Tensor:
        """Take tokens (B, N, D), condition (B, 1 or N, D) and rotary (N, d / 2, 2)."""
        shift1, scale1, gate1, shift2, scale2, gate2 = self.modulation(condition).chunk(6, dim=-1)
        x = x + gate1 * self.attn(modulate(self.norm1(x), shift1, scale1), rotary)
        result: Tensor = x + gate2 * self.mlp(modulate(self.norm2(x), shift2, scale2))
        return result


class GatedMlp(nn.Module):
    """SwiGLU with two thirds of four times the width, as in LLaMA."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = 8 * width // 3
        self.w1, self.w3 = nn.Linear(width, inner, bias=False), nn.Linear(width, inner, bias=False)
        self.w2 = nn.Linear(inner, width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.w2(silu(self.w1(x)) * self.w3(x))
        return result


class FinalLayer(nn.Module):
    """Modulated norm and projection to latent values."""

    def __init__(self, width: int, values: int) -> None:
        super().__init__()
        self.norm, self.linear = (
            nn.LayerNorm(width, elementwise_affine=False, eps=1e-6),
            nn.Linear(width, values),
        )
        self.modulation = nn.Linear(width, 2 * width)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        shift, scale = self.modulation(condition).chunk(2, dim=-1)
        result: Tensor = self.linear(modulate(self.norm(x), shift, scale))
        return result
