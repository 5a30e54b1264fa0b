"""Load a LoRA: a small change to a model, computed beside its weights.

Reference: Hu et al., LoRA: Low-Rank Adaptation of Large Language Models (2021), https://arxiv.org/abs/2106.09685
"""

from __future__ import annotations

from typing import Annotated

from app.engine.model import Model
from app.engine.weights.lora_files import open_lora, unused, with_lora
from app.graph.node import Context, node
from app.graph.widgets import ModelFile, Slider, TextLine


@node(title="Load LoRA")
def load_lora(
    context: Context,
    model: Model,
    name: Annotated[str, ModelFile("loras")],
    strength: Annotated[float, Slider(-4.0, 4.0, step=0.05)] = 1.0,
    blocks: Annotated[str, TextLine()] = "",
) -> Model:
    """Let a model compute with a LoRA; put several in a row to combine them.

    Args:
        model: The model to change.
        name: A LoRA in the names of kohya, diffusers or ai-toolkit.
        strength: How much of it; 0 is the model without it, negative values turn its effect around.
        blocks: Factors for some blocks, such as transformer_blocks.0-9=0.5, single_transformer_blocks=0.
    """
    file = open_lora(context.model_path("loras", name))
    adapted = with_lora(model, file, strength, blocks)
    if left := list(unused(file, model, None)):
        context.report({"technique": "load_lora", "unused": left})
    return adapted
