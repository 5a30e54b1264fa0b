"""DiT and SiT: the plain class-conditional transformer; the one is trained to tell noise, the other velocity.

diffusers has DiT for square pictures only, and with a table of classes in every block.

Reference: Peebles and Xie, Scalable Diffusion Models with Transformers (2022), https://arxiv.org/abs/2212.09748
Reference: Ma et al., SiT: Exploring Flow and Diffusion-based Generative Models with Scalable Interpolant
    Transformers (2024), https://arxiv.org/abs/2401.08740
"""

from __future__ import annotations

from diffusers import ModelMixin
from diffusers.configuration_utils import ConfigMixin, register_to_config
from torch import Tensor, nn

from app.engine.networks.layers import (
    Block,
    FinalLayer,
    LabelTable,
    Mlp,
    PatchEmbedder,
    SelfAttention,
    TimeEmbedder,
    layer_norm,
    pixels,
)
from app.engine.networks.positions import wave_table


class ClassDiTTransformer2DModel(ModelMixin, ConfigMixin):
    """Noisy latent (B, C, h, w), time (B,) and class (B, D) to the prediction, and an unused variance."""

    @register_to_config  # type: ignore[untyped-decorator]
    def __init__(  # noqa: PLR0913, PLR0917 -- what its config.json holds
        self,
        in_channels: int = 4,
        out_channels: int = 8,
        patch_size: int = 2,
        hidden_size: int = 1152,
        num_attention_heads: int = 16,
        num_layers: int = 28,
        num_classes: int = 1000,
    ) -> None:
        """Build the untrained network; class `num_classes` stands for no class at all."""
        super().__init__()  # type: ignore[no-untyped-call]
        width, self.patch_size = hidden_size, patch_size
        self.x_embedder = PatchEmbedder(in_channels, width, patch_size)
        self.t_embedder = TimeEmbedder(width)
        self.y_embedder = LabelTable(num_classes, width)
        self.blocks = nn.ModuleList(
            Block(width, layer_norm, SelfAttention(width, num_attention_heads), Mlp(width))
            for _ in range(num_layers)
        )
        self.final_layer = FinalLayer(width, patch_size**2 * out_channels, layer_norm)

    def forward(
        self, latent: Tensor, time: Tensor, label: Tensor, return_dict: bool = False
    ) -> tuple[Tensor]:
        """Return (B, C', h, w) as a tuple of one."""
        rows, columns = (side // self.patch_size for side in latent.shape[-2:])
        x = self.x_embedder(latent)
        x = x + wave_table(rows, columns, x.shape[-1], x)
        condition = (self.t_embedder(time, latent.dtype) + label)[:, None]
        for block in self.blocks:
            x = block(x, condition)
        return (pixels(self.final_layer(x, condition), rows, columns, self.patch_size),)
