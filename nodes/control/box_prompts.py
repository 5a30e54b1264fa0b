"""Prompts in boxes: each box of a layout says what it should show.

Reference: Chen et al., Training-free Regional Prompting for Diffusion Transformers (2024), https://arxiv.org/abs/2411.02395
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.attention.regions import add_region
from app.engine.conditioning import Conditioning
from app.engine.imaging.boxes import read_boxes
from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.graph.node import node
from app.graph.widgets import Boxes

RESOLUTION = 1024  # pixels of the masks' sides, finer than any grid of tokens


class Boxed(NamedTuple):
    """The model that keeps the prompts apart, and the conditioning that holds them all."""

    model: Model
    conditioning: Conditioning


@node()
def box_prompts(
    model: Model,
    text_encoder: TextEncoder,
    conditioning: Conditioning,
    boxes: Annotated[str, Boxes()] = "",
    share_background: bool = True,
) -> Boxed:
    """Give each box of a layout its own prompt; boxes without a text are left out.

    Args:
        model: The diffusion transformer.
        text_encoder: The model's text encoder.
        conditioning: The prompt for the whole picture.
        boxes: The layout, with a text in each box.
        share_background: Whether the boxes also listen to the prompt for the whole picture.
    """
    for box in read_boxes(boxes):
        if box.text.strip():
            prompt, mask = text_encoder.encode([box.text]), box.mask(RESOLUTION, RESOLUTION)
            model, conditioning = add_region(model, conditioning, prompt, mask, share_background)
    return Boxed(model, conditioning)
