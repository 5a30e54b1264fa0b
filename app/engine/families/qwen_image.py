"""Qwen-Image: double blocks all the way, pictures written by a video autoencoder as single frames."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.packing import SIDE, from_packed_velocity, pack_with_references
from app.engine.families.prompts import Prompting, Seeing, TextTower, tokens_of
from app.engine.prediction import ModelInput
from app.engine.tokens import Layout

# What the model was trained to see around a prompt; the transformer does not see its first tokens.
TEMPLATE = (
    "<|im_start|>system\nDescribe the image by detailing the color, shape, size, texture, quantity, text, "
    "spatial relationships of the objects and background:<|im_end|>\n"
    "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
)
DROPPED = 34
# The same for the models that edit: the pictures' marks come before the words of the user.
EDITING = (
    "<|im_start|>system\nDescribe the key features of the input image (color, shape, size, texture, objects, "
    "background), then explain how the user's text instruction should alter or modify the image. Generate a "
    "new image that meets the user's requirements while maintaining consistency with the original input "
    "where appropriate.<|im_end|>\n<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"
)
SEEING = Seeing(
    EDITING.format,
    drop=64,
    mark="<|vision_start|><|image_pad|><|vision_end|>",
    filler="<|image_pad|>",
)


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    latents = (given.latent, *given.conditioning.references)
    grids = [(1, latent.shape[-2] // SIDE, latent.shape[-1] // SIDE) for latent in latents]
    return {
        "hidden_states": pack_with_references(given),
        "timestep": given.time(),
        "encoder_hidden_states": given.conditioning.tokens,
        "img_shapes": [grids] * len(given.latent),
    }


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    image, text = arguments["image_rotary_emb"]
    modulate = arguments["modulate_index"]
    return {
        "image_rotary_emb": (image[active], text),
        "modulate_index": None if modulate is None else modulate[:, active],
    }


BLOCKS = Stack(
    path="transformer_blocks",
    inputs={"image": "hidden_states", "text": "encoder_hidden_states"},
    returns=("text", "image"),
    attention={"attn": ("joint", "joint")},
    mlp=("img_mlp", "txt_mlp"),
    cut=cut,
)
QWEN_IMAGE = Family(
    name="qwen-image",
    transformer="QwenImageTransformer2DModel",
    stacks=(BLOCKS,),
    rope=Rope(lambda module: module.config.axes_dims_rope, centred=True),
    arguments=arguments,
    denoised=from_packed_velocity,
    latent=LatentFormat(packed=True, video_vae=True, autoencoder="wan-16"),
    prompting=Prompting(
        (
            TextTower(
                "qwen2.5-vl",
                "tokenizer",
                "text_encoder",
                1024 + DROPPED,
                padding="none",
                wrap=TEMPLATE.format,
                drop=DROPPED,
                seeing=SEEING,
            ),
        ),
        tokens_of("qwen2.5-vl"),
    ),
    native_size=(1328, 1328),
    shift=1.15,
    sees_references=True,
)
