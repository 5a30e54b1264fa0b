"""CogVideoX: text before video all the way, one attention and one MLP for both; predicts a velocity.

Reference: Yang et al., CogVideoX: Text-to-Video Diffusion Models with An Expert Transformer (2024),
https://arxiv.org/abs/2408.06072
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout
from app.engine.walking.velocity import VelocityPrediction, from_preserving_velocity, length

SMALL, LARGE = VelocityPrediction(snr_shift=3.0), VelocityPrediction()


def prediction_of(module: nn.Module) -> VelocityPrediction:
    """Return the schedule that a model was trained on: the small one (2B) has no rotary positions."""
    return LARGE if module.config.use_rotary_positional_embeddings else SMALL  # type: ignore[union-attr]


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    step = prediction_of(module).timestep(given.sigma)
    return {
        "hidden_states": (given.latent / length(given.sigma)).transpose(1, 2),
        "encoder_hidden_states": given.conditioning.tokens,
        "timestep": given.time().fill_(step),
        "image_rotary_emb": positions(module, given.latent),
    }


def positions(module: nn.Module, latent: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return (cos, sin) of each image token, (N, D): the grid is laid into that of the size trained on."""
    config: Any = module.config
    if not config.use_rotary_positional_embeddings:
        return None
    from diffusers.models.embeddings import get_3d_rotary_pos_embed
    from diffusers.pipelines.cogvideo.pipeline_cogvideox import get_resize_crop_region_for_grid

    frames, rows, columns = latent.shape[2], *(size // config.patch_size for size in latent.shape[3:])
    trained = config.sample_width // config.patch_size, config.sample_height // config.patch_size
    cos, sin = get_3d_rotary_pos_embed(
        embed_dim=config.attention_head_dim,
        crops_coords=get_resize_crop_region_for_grid((rows, columns), *trained),  # type: ignore[no-untyped-call]
        grid_size=(rows, columns),
        temporal_size=frames,
        device=latent.device,
    )
    return cos, sin


def denoised(given: ModelInput, output: Tensor) -> Tensor:
    return from_preserving_velocity(given, output.transpose(1, 2))


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    tables = arguments["image_rotary_emb"]
    return {"image_rotary_emb": None if tables is None else tuple(table[active] for table in tables)}


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
    returns=("image", "text"),
    attention={"attn1": ("joint", "joint")},
    mlp=("ff",),
    cut=cut,
)
COGVIDEOX = Family(
    name="cogvideox",
    transformer="CogVideoXTransformer3DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    denoised=denoised,
    latent=LatentFormat(frames=True, video_vae=True, autoencoder="cogvideox-16", scale=0.7),
    prompting=Prompting((TextTower("t5-xxl", "tokenizer", "text_encoder", 226),), tokens_of("t5-xxl")),
    native_size=(720, 480),
    shift=2.5,  # nearest to even training steps
)
