"""Sana and Sana-Sprint: linear attention within the picture, convolutions for MLPs, text by cross-attention.

Linear attention has no matrix of scores, and the convolutions see each token's neighbours: techniques that
change who attends to whom, or that leave tokens out, find nothing to work on.

Reference: Xie et al., SANA: Efficient High-Resolution Image Synthesis with Linear Diffusion Transformers
(2024), https://arxiv.org/abs/2410.10629
Reference: Chen et al., SANA-Sprint (2025), https://arxiv.org/abs/2503.09641
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from app.engine.families.family import Family, LatentFormat, Stack
from app.engine.families.prompts import Prompting, TextTower, lower_case, tokens_of
from app.engine.prediction import ModelInput

# What the model was trained to see of its text encoder is what that says of a prompt after this.
INSTRUCTION = "\n".join(
    (
        "Given a user prompt, generate an 'Enhanced prompt' that provides detailed visual descriptions "
        "suitable for image generation. Evaluate the level of detail in the user prompt:",
        "- If the prompt is simple, focus on adding specifics about colors, shapes, sizes, textures, and "
        "spatial relationships to create vivid and concrete scenes.",
        "- If the prompt is already detailed, refine and enhance the existing details slightly without "
        "overcomplicating.",
        "Here are examples of how to transform or refine prompts:",
        "- User Prompt: A cat sleeping -> Enhanced: A small, fluffy white cat curled up in a round shape, "
        "sleeping peacefully on a warm sunny windowsill, surrounded by pots of blooming red flowers.",
        "- User Prompt: A busy city street -> Enhanced: A bustling city street scene at dusk, featuring "
        "glowing street lamps, a diverse crowd of people in colorful clothing, and a double-decker bus "
        "passing by towering glass skyscrapers.",
        "Please generate only the enhanced description for the prompt below and avoid including any "
        "additional commentary or evaluations:",
        "User Prompt: ",
    )
)


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    """Return what forward takes; Sprint models know the guidance, and times from 0 to 1."""
    config: Any = module.config
    strength = given.conditioning.embedded_guidance * config.guidance_embeds_scale
    sprint = config.guidance_embeds
    return {
        "hidden_states": given.latent,
        "encoder_hidden_states": given.conditioning.tokens,
        "timestep": given.time() if sprint else given.time(1000 * config.timestep_scale),
        "guidance": torch.full_like(given.time(), strength).to(given.latent) if sprint else None,
    }


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states"},
    returns=("image",),
    attention={"attn2": ("image", "text")},
    whole={"attn1": "attention", "ff": "mlp"},
)
SANA = Family(
    name="sana",
    transformer="SanaTransformer2DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    latent=LatentFormat(downscale=32, patch=(1, 1, 1), autoencoder="dc-32", scale=0.41407),
    prompting=Prompting(
        (
            TextTower(
                "gemma2",
                "tokenizer",
                "text_encoder",
                300,
                padding="none",
                instruction=INSTRUCTION,
                wrap=lower_case,
            ),
        ),
        tokens_of("gemma2"),
    ),
    shift=3.0,
)
