"""DiT-DH: a deep DiT finds what the picture is about, a shallow head as wide as the latents draws it.

Its latents are what a vision encoder says of a picture: hundreds of channels, which a narrow network cannot
carry. Encoder and head are the two halves of DDT.

Reference: Zheng et al., Diffusion Transformers with Representation Autoencoders (2025),
    https://arxiv.org/abs/2510.11690
"""

from __future__ import annotations

from collections.abc import Sequence

from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn
from torch.nn.functional import silu

from app.engine.networks.layers import (
    Block,
    FinalLayer,
    FourierEmbedder,
    GatedMlp,
    LabelTable,
    PatchEmbedder,
    SelfAttention,
    pixels,
    rms_norm,
)
from app.engine.networks.positions import rotary_table, wave_table


class DiTDHTransformer2DModel(ModelMixin, ConfigMixin):
    """Noisy latent (B, C, h, w), time (B,) from picture 0 to noise 1, and class (B, D) to the velocity."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(
        self,
        in_channels: int = 768,
        hidden_size: Sequence[int] = (1152, 2048),
        num_attention_heads: Sequence[int] = (16, 16),
        num_layers: Sequence[int] = (28, 2),
        num_classes: int = 1000,
        qk_norm: bool = False,
    ) -> None:
        """Build the untrained network; pairs are for encoder and head. The last class stands for none."""
        super().__init__()  # type: ignore[no-untyped-call]
        (width, wide), self.heads = hidden_size, tuple(num_attention_heads)
        self.s_embedder = PatchEmbedder(in_channels, width, 1)
        self.x_embedder = PatchEmbedder(in_channels, wide, 1)
        self.t_embedder = FourierEmbedder(width)
        self.y_embedder = LabelTable(num_classes, width)
        self.s_projector = nn.Linear(width, wide) if width != wide else nn.Identity()
        norm = rms_norm if qk_norm else None
        self.encoder_blocks, self.decoder_blocks = (
            nn.ModuleList(
                Block(size, rms_norm, SelfAttention(size, heads, norm), GatedMlp(size)) for _ in range(count)
            )
            for size, heads, count in zip(hidden_size, num_attention_heads, num_layers, strict=True)
        )
        self.final_layer = FinalLayer(wide, in_channels, rms_norm)

    def forward(
        self, latent: Tensor, time: Tensor, label: Tensor, return_dict: bool = False
    ) -> tuple[Tensor]:
        """Return the velocity noise - picture, shaped like `latent`, as a tuple of one."""
        rows, columns = latent.shape[-2:]
        time_vector = self.t_embedder(time, latent.dtype)[:, None]
        state, x = self.s_embedder(latent), self.x_embedder(latent)
        rotary, wide_rotary = (
            rotary_table(rows, columns, tokens.shape[-1] // heads, latent.device)
            for tokens, heads in zip((state, x), self.heads, strict=True)
        )
        state = state + wave_table(rows, columns, state.shape[-1], state)
        condition = silu(time_vector + label[:, None])
        for block in self.encoder_blocks:
            state = block(state, condition, rotary)
        state = self.s_projector(silu(time_vector + state))
        for block in self.decoder_blocks:
            x = block(x, state, wide_rotary)
        return (pixels(self.final_layer(x, state), rows, columns, 1),)
