"""LightningDiT: DiT with gated MLPs, root mean square norms and rotary positions, for 32-channel latents.

Reference: Yao et al., Reconstruction vs. Generation (2025), https://arxiv.org/abs/2501.01423
"""

from __future__ import annotations

from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn

from app.engine.networks.layers import (
    Block,
    FinalLayer,
    GatedMlp,
    LabelTable,
    PatchEmbedder,
    SelfAttention,
    TimeEmbedder,
    pixels,
    rms_norm,
)
from app.engine.networks.positions import rotary_table, wave_table


class LightningDiTTransformer2DModel(ModelMixin, ConfigMixin):
    """Noisy latent (B, C, h, w), time (B,) from noise 0 to picture 1, and class (B, D) to the velocity."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(  # noqa: PLR0913, PLR0917 -- what its config.json holds
        self,
        in_channels: int = 32,
        patch_size: int = 1,
        hidden_size: int = 1152,
        num_attention_heads: int = 16,
        num_layers: int = 28,
        num_classes: int = 1000,
        qk_norm: bool = False,
    ) -> None:
        """Build the untrained network; class `num_classes` stands for no class at all."""
        super().__init__()  # type: ignore[no-untyped-call]
        width, norm = hidden_size, rms_norm if qk_norm else None
        self.patch_size, self.head_width = patch_size, width // num_attention_heads
        self.x_embedder = PatchEmbedder(in_channels, width, patch_size)
        self.t_embedder = TimeEmbedder(width)
        self.y_embedder = LabelTable(num_classes, width)
        self.blocks = nn.ModuleList(
            Block(width, rms_norm, SelfAttention(width, num_attention_heads, norm), GatedMlp(width))
            for _ in range(num_layers)
        )
        self.final_layer = FinalLayer(width, patch_size**2 * in_channels, rms_norm)

    def forward(
        self, latent: Tensor, time: Tensor, label: Tensor, return_dict: bool = False
    ) -> tuple[Tensor]:
        """Return the velocity picture - noise, shaped like `latent`, as a tuple of one."""
        rows, columns = (side // self.patch_size for side in latent.shape[-2:])
        rotary = rotary_table(rows, columns, self.head_width, latent.device)
        x = self.x_embedder(latent)
        x = x + wave_table(rows, columns, x.shape[-1], x)
        condition = (self.t_embedder(time, latent.dtype) + label)[:, None]
        for block in self.blocks:
            x = block(x, condition, rotary)
        return (pixels(self.final_layer(x, condition), rows, columns, self.patch_size),)
