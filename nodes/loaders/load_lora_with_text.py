"""Load a LoRA with text: a small change to a model and to its text encoders, computed beside their weights.

Reference: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2021), https://arxiv.org/abs/2106.09685
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.lora_files import open_lora, unused, with_lora, with_text_lora
from app.graph.node import Context, node
from app.graph.widgets import ModelFile, Slider


class Adapted(NamedTuple):
    """A model and its text encoders, both with the LoRA."""

    model: Model
    text_encoder: TextEncoder


@node(title="Load LoRA with text")
def load_lora_with_text(
    context: Context,
    model: Model,
    text_encoder: TextEncoder,
    name: Annotated[str, ModelFile("loras")],
    strength: Annotated[float, Slider(-4.0, 4.0, step=0.05)] = 1.0,
    text_strength: Annotated[float, Slider(-4.0, 4.0, step=0.05)] = 1.0,
) -> Adapted:
    """Let a model and its text encoders compute with a LoRA that was trained for both.

    Args:
        model: The model to change.
        text_encoder: Its text encoders; a file without anything for them leaves them as they are.
        name: A LoRA in the names of kohya, diffusers or ai-toolkit.
        strength: How much of it in the model; 0 is the model without it.
        text_strength: How much of it in the text encoders.
    """
    file = open_lora(context.model_path("loras", name))
    adapted = Adapted(with_lora(model, file, strength), with_text_lora(text_encoder, file, text_strength))
    if left := list(unused(file, model, text_encoder)):
        context.report({"technique": "load_lora_with_text", "unused": left})
    return adapted
