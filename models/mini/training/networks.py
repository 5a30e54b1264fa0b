"""The three networks that are trained together: the transformer and its two text encoders."""

from pathlib import Path
from typing import Any

import torch
from diffusers import FluxTransformer2DModel
from torch import Tensor, nn
from transformers import CLIPTextModel, T5EncoderModel

from models.mini.training.latents import image_positions
from models.mini.training.text import (
    TEXT_WIDTH,
    make_pooled_encoder,
    make_text_encoder,
    make_tokenizer,
    text_positions,
)

HEAD_WIDTH = 32


class Networks(nn.Module):
    """Noisy tokens and a prompt to the velocity; the members bear the folder names of diffusers."""

    def __init__(self, transformer: Any, text_encoder: Any, text_encoder_2: Any) -> None:
        """Take the stock networks: Flux transformer, CLIP (one vector), T5 (L tokens)."""
        super().__init__()
        self.transformer, self.text_encoder, self.text_encoder_2 = transformer, text_encoder, text_encoder_2

    def forward(self, tokens: Tensor, sigma: Tensor, ids: Tensor) -> Tensor:
        """Predict the velocity (B, N, C) of tokens (B, N, C) at sigma (B,) for token ids (B, L)."""
        velocity: Tensor = self.transformer(
            hidden_states=tokens,
            encoder_hidden_states=self.text_encoder_2(input_ids=ids).last_hidden_state,
            pooled_projections=self.text_encoder(input_ids=ids).pooler_output,
            timestep=sigma,
            img_ids=image_positions(round(tokens.size(1) ** 0.5)),
            txt_ids=text_positions(),
            return_dict=False,
        )[0]
        return velocity


def make_networks(token_width: int, width: int = 128) -> Networks:
    """Build untrained networks."""
    words = len(make_tokenizer())
    text_encoder, text_encoder_2 = make_pooled_encoder(words), make_text_encoder(words)
    return Networks(make_transformer(token_width, width), text_encoder, text_encoder_2)


def make_transformer(token_width: int, width: int = 128) -> Any:
    """Build an untrained transformer that starts by predicting zero."""
    stock: Any = FluxTransformer2DModel
    transformer = stock(
        patch_size=1,
        in_channels=token_width,
        num_layers=2,
        num_single_layers=4,
        attention_head_dim=HEAD_WIDTH,
        num_attention_heads=width // HEAD_WIDTH,
        joint_attention_dim=TEXT_WIDTH,
        pooled_projection_dim=TEXT_WIDTH,
        guidance_embeds=False,
        axes_dims_rope=(8, 12, 12),
    )
    nn.init.zeros_(transformer.proj_out.weight)
    nn.init.zeros_(transformer.proj_out.bias)
    for name, parameter in transformer.named_parameters():
        if parameter.ndim == 2 and "norm" in name and name.endswith("linear.weight"):
            parameter.data.mul_(0.3)
    return transformer


def load_networks(folder: Path) -> Networks:
    """Load the networks of an exported model in float32."""
    stock: Any = FluxTransformer2DModel
    return Networks(
        stock.from_pretrained(folder / "transformer", torch_dtype=torch.float32),
        CLIPTextModel.from_pretrained(folder / "text_encoder", dtype=torch.float32),
        T5EncoderModel.from_pretrained(folder / "text_encoder_2", dtype=torch.float32),
    )
