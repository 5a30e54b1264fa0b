"""HunyuanVideo 1.5: double blocks all the way, tokens of single latent cells, the picture before the text.

Its models take, beside the noisy latent, that of a first frame and where it is: zeros, where a prompt says it
all. Before the tokens of a prompt they read those of a vision encoder that looks at the first frame, and
those of a speller of the words in quotes, where there are any.

Reference: Tencent, HunyuanVideo 1.5 Technical Report (2025), https://arxiv.org/abs/2511.18870
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.conditioning import Conditioning
from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout
from app.graph.problem import Refusal

# What the model was trained to see around a prompt; the transformer does not see its first tokens.
ASPECTS = (
    "You are a helpful assistant. Describe the video by detailing the following aspects:",
    "1. The main content and theme of the video.",
    "2. The color, shape, size, texture, quantity, text, and spatial relationships of the objects.",
    "3. Actions, events, behaviors temporal relationships, physical movement changes of the objects.",
    "4. background environment, light, style and atmosphere.",
    "5. camera angles, movements, and transitions used in the video.",
)
SYSTEM = (" " * 9).join(ASPECTS)
DROPPED = 108
QUOTED = re.compile(r'"(.*?)"|“(.*?)”')
SPELT = 256  # bytes of the words in quotes


def wrapped(prompt: str) -> str:
    """Return a prompt as the text encoder reads it; an empty one is a space."""
    user = f"<|im_start|>user\n{prompt or ' '}<|im_end|>\n<|im_start|>assistant\n"
    return f"<|im_start|>system\n{SYSTEM}<|im_end|>\n{user}"


def spelt(prompt: str) -> str:
    """Return the words in quotes as the speller reads them; nothing where there are none."""
    words = dict.fromkeys(plain or curly for plain, curly in QUOTED.findall(prompt))
    return ". ".join(f'Text "{word}"' for word in words) + ". " if words else ""


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    config: Any = module.config
    tokens, latent = given.conditioning.tokens, given.latent
    nothing = latent.new_zeros(len(latent), config.in_channels - latent.shape[1], *latent.shape[2:])
    words = rows_of(given.conditioning.spelling, latent, config.text_embed_2_dim)
    shown = torch.cat([latent, nothing], dim=1) if given.conditioning.beside is None else given.with_beside
    return {
        "hidden_states": shown,
        "timestep": given.time(1000).to(latent.dtype),  # its embedding computes in the type of the time
        "encoder_hidden_states": tokens,
        "encoder_attention_mask": torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device),
        "encoder_hidden_states_2": words,
        "encoder_attention_mask_2": torch.ones(words.shape[:2], dtype=torch.bool, device=tokens.device),
        "image_embeds": rows_of(given.conditioning.vision, latent, config.image_embed_dim),
    }


def rows_of(tokens: Tensor | None, latent: Tensor, width: int) -> Tensor:
    """Return tokens (B, N, D) for each row of a batch; without any, N is 0."""
    if tokens is None:
        return latent.new_zeros(len(latent), 0, width)
    if tokens.shape[-1] != width:
        raise Refusal(
            f"This HunyuanVideo 1.5 model reads tokens of {width} numbers, and {tokens.shape[-1]} came.",
            "Connect Encode CLIP vision with SigLIP (sigclip_vision_patch14_384) to Image to video.",
            code="no_vision",
            input="guider",
        )
    return tokens.expand(len(latent), -1, -1)


def ahead(conditioning: Conditioning) -> int:
    """Return the tokens of pictures and of spelt words."""
    return sum(x.shape[1] for x in (conditioning.vision, conditioning.spelling) if x is not None)


def first_frame(latent: Tensor, known: Tensor) -> Tensor:
    """Return the latent of a first frame with zeros after it, and which frame is given."""
    given = known.reshape(1, 1, -1, 1, 1).expand(1, 1, *latent.shape[2:])
    return torch.cat([latent, given.to(latent)], dim=1)


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    return {"freqs_cis": tuple(table[active] for table in arguments["freqs_cis"])}


def taken(config: Any) -> int:
    """Return the channels that are the noisy latent."""
    channels: int = config.out_channels
    return channels


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
    returns=("image", "text"),
    attention={"attn": ("joint", "joint")},
    mlp=("ff", "ff_context"),
    idle_mask=True,
    cut=cut,
)
HUNYUAN_VIDEO_15 = Family(
    name="hunyuan-video-1.5",
    transformer="HunyuanVideo15Transformer3DModel",
    stacks=(BLOCKS,),
    arguments=arguments,
    latent=LatentFormat(
        downscale=16,
        patch=(1, 1, 1),
        frames=True,
        video_vae=True,
        autoencoder="hunyuan-video-1.5-32",
        scale=1.03682,
        taken=taken,
    ),
    order=("image", "text"),
    rope=Rope(lambda module: module.config.rope_axes_dim, theta=256.0),
    prompting=Prompting(
        (
            TextTower(
                "qwen2.5-vl",
                "tokenizer",
                "text_encoder",
                1000 + DROPPED,
                padding="none",
                layers_back=2,
                wrap=wrapped,
                drop=DROPPED,
            ),
            TextTower(
                "byt5",
                "tokenizer_2",
                "text_encoder_2",
                SPELT,
                padding="none",
                wrap=spelt,
                needed=False,
                silent=True,
            ),
        ),
        tokens_of("qwen2.5-vl"),
        speller="byt5",
    ),
    native_size=(848, 480),
    shift=7.0,
    zero_beside=True,
    ahead=ahead,
    vision="siglip-1152",
    given_frames=first_frame,
    first_alone=True,
)
