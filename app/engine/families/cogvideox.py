"""CogVideoX: text before video all the way, one attention and one MLP for both; predicts a velocity.

A token of CogVideoX 1.5 has two latent frames. So that a video of 1 + 8 n frames makes whole tokens, its
latent begins with a copy of the first latent frame, which decoding leaves out. Models that animate a picture
take its latent beside that of the video, with zeros after the first frame.

Reference: Yang et al., CogVideoX: Text-to-Video Diffusion Models with An Expert Transformer (2024),
https://arxiv.org/abs/2408.06072
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout
from app.engine.walking.velocity import VelocityPrediction, from_preserving_velocity, length
from app.graph.problem import Refusal

SMALL, LARGE = VelocityPrediction(snr_shift=3.0), VelocityPrediction()
SCALE = 0.7  # of latents of all but the smallest model
CELL = 8  # pixels of a latent cell along each side
OFFSET = 2.0  # what version 1.5 is told when it animates a picture


def prediction_of(module: nn.Module) -> VelocityPrediction:
    """Return the schedule that a model was trained on: the small one (2B) has no rotary positions."""
    return LARGE if module.config.use_rotary_positional_embeddings else SMALL  # type: ignore[union-attr]


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    config: Any = module.config
    refuse_other_places(config, given)
    step = prediction_of(module).timestep(given.sigma)
    noisy = replace(given, latent=given.latent / length(given.sigma))
    return {
        "hidden_states": noisy.with_beside.transpose(1, 2),
        "encoder_hidden_states": given.conditioning.tokens,
        "timestep": given.time().fill_(step),
        "image_rotary_emb": positions(module, given.latent),
        "ofs": torch.full((1,), OFFSET, device=given.latent.device) if config.ofs_embed_dim else None,
    }


def refuse_other_places(config: Any, given: ModelInput) -> None:
    """Refuse prompts and pictures for which a model that adds positions at its entrance has none."""
    shape, trained = given.latent.shape[-2:], (config.sample_height, config.sample_width)
    if config.use_learned_positional_embeddings and shape != trained:
        (rows, columns), (high, wide) = ([CELL * side for side in size] for size in (shape, trained))
        raise Refusal(
            f"This CogVideoX model learnt places for {wide} x {high} pixels; the latent is for "
            f"{columns} x {rows}.",
            "Sample that size, or use CogVideoX 1.5.",
            code="bad_size",
            input="latent",
        )
    adds = config.use_learned_positional_embeddings or not config.use_rotary_positional_embeddings
    if adds and (count := given.conditioning.tokens.shape[1]) != config.max_text_seq_length:
        raise Refusal(
            f"The prompt has {count} tokens; this CogVideoX model takes {config.max_text_seq_length}.",
            "Join no prompts.",
            code="token_mismatch",
            input="guider",
        )


def positions(module: nn.Module, latent: Tensor) -> tuple[Tensor, Tensor] | None:
    """Return (cos, sin) of each image token, (N, D).

    The grid is laid into that of the size trained on; version 1.5 counts its rows and columns instead.
    """
    config: Any = module.config
    if not config.use_rotary_positional_embeddings:
        return None
    from diffusers.models.embeddings import get_3d_rotary_pos_embed
    from diffusers.pipelines.cogvideo.pipeline_cogvideox import get_resize_crop_region_for_grid

    deep = config.patch_size_t or 1
    frames, rows, columns = latent.shape[2] // deep, *(size // config.patch_size for size in latent.shape[3:])
    trained = config.sample_width // config.patch_size, config.sample_height // config.patch_size
    region = get_resize_crop_region_for_grid((rows, columns), *trained)  # type: ignore[no-untyped-call]
    counted = {"crops_coords": None, "grid_type": "slice", "max_size": (rows, columns)}
    cos, sin = get_3d_rotary_pos_embed(
        embed_dim=config.attention_head_dim,
        grid_size=(rows, columns),
        temporal_size=frames,
        device=latent.device,
        **(counted if config.patch_size_t else {"crops_coords": region}),
    )
    return cos, sin


def first_frame(latent: Tensor, known: Tensor) -> Tensor:
    """Return the latent of a first frame with zeros after it, as version 1.0 was trained to see it."""
    return latent


def first_frame_unscaled(latent: Tensor, known: Tensor) -> Tensor:
    """Return it as version 1.5 was trained to see it: divided by the scale instead of multiplied."""
    return latent / SCALE**2


def taken(config: Any) -> int:
    """Return the channels that are the noisy latent."""
    channels: int = config.out_channels
    return channels


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
    latent=LatentFormat(frames=True, video_vae=True, autoencoder="cogvideox-16", scale=SCALE, taken=taken),
    prompting=Prompting((TextTower("t5-xxl", "tokenizer", "text_encoder", 226),), tokens_of("t5-xxl")),
    native_size=(720, 480),
    shift=2.5,  # nearest to even training steps
    given_frames=first_frame,
    first_alone=True,
)
COGVIDEOX_15 = replace(
    COGVIDEOX,
    name="cogvideox-1.5",
    latent=replace(COGVIDEOX.latent, patch=(2, 2, 2)),
    prompting=Prompting((TextTower("t5-xxl", "tokenizer", "text_encoder", 224),), tokens_of("t5-xxl")),
    native_size=(1360, 768),
    given_frames=first_frame_unscaled,
)
