"""Z-Image: refiners for each stream, then blocks over picture and text in one sequence.

It fills both streams up to multiples of 32 tokens, which all attend. The filling of the picture stands right
behind it and counts as text here. Its time runs from 0 (noise) to 1 (picture), its velocity the other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn

from app.engine.families.family import Family, LatentFormat, Rope, Stack
from app.engine.families.prompts import Prompting, TextTower, tokens_of
from app.engine.prediction import ModelInput, from_negated_velocity
from app.engine.tokens import Layout, Stream

MULTIPLE = 32
TEMPLATE = "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n"


def arguments(module: nn.Module, given: ModelInput) -> dict[str, Any]:
    return {
        "x": list(given.latent.unsqueeze(2).unbind()),
        "t": 1 - given.time(),
        "cap_feats": list(given.conditioning.tokens.unbind()),
    }


def output(returned: Any) -> Tensor:
    """Return the pictures of a list as one batch, (B, C, h, w)."""
    return torch.stack(returned[0]).squeeze(2)


def cut(arguments: Mapping[str, Any], layout: Layout, active: Tensor) -> dict[str, Any]:
    return {"freqs_cis": arguments["freqs_cis"][:, layout.rows("joint", active)]}


def text_length(image: int, text: int) -> int:
    """Return the tokens behind the picture: its filling, the text and the filling of that."""
    return -image % MULTIPLE + text + -text % MULTIPLE


def refiner(path: str, stream: Stream) -> Stack:
    return Stack(
        path=path,
        inputs={stream: "x"},
        returns=(stream,),
        attention={"attention": (stream, stream)},
        mlp=("feed_forward",),
        trunk=False,
    )


BLOCKS = Stack(
    path="layers",
    inputs={"joint": "x"},
    returns=("joint",),
    attention={"attention": ("joint", "joint")},
    mlp=("feed_forward",),
    cut=cut,
)
Z_IMAGE = Family(
    name="z-image",
    transformer="ZImageTransformer2DModel",
    stacks=(refiner("noise_refiner", "image"), refiner("context_refiner", "text"), BLOCKS),
    arguments=arguments,
    denoised=from_negated_velocity,
    output=output,
    text_length=text_length,
    latent=LatentFormat(scale=0.3611, shift=0.1159),
    order=("image", "text"),
    prompting=Prompting(
        (
            TextTower(
                "qwen3",
                "tokenizer",
                "text_encoder",
                512,
                padding="none",
                layers_back=1,
                wrap=TEMPLATE.format,
            ),
        ),
        tokens_of("qwen3"),
    ),
    rope=Rope(lambda module: module.config.axes_dims, theta=256.0),
    shift=3.0,
)
