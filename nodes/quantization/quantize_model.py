"""Quantize model: keep the weights of a model in few bits, in memory.

Reference: Dettmers et al., LLM.int8() (2022), https://arxiv.org/abs/2208.07339
Reference: Dettmers et al., QLoRA (2023), https://arxiv.org/abs/2305.14314
"""

from __future__ import annotations

from typing import Annotated

from app.engine.model import Model
from app.engine.weights.quantising import FormatName, quantized
from app.engine.weights.storage_report import storage_report
from app.graph.node import Context, node
from app.graph.widgets import TextLine


@node()
def quantize_model(
    context: Context,
    model: Model,
    format: FormatName = "int8_dynamic",
    keep: Annotated[str, TextLine()] = "",
) -> Model:
    """Keep the weights of a model's blocks in few bits; LoRAs and all techniques work on top.

    Args:
        model: The diffusion transformer; weights that come packed from their file stay as they are.
        format: Only int8_dynamic, which rounds the inputs of layers too, can be faster. The others save
            memory alone: float8 and int8 half of 16 bits, nf4 and int4 about 70 %.
        keep: Parts of the names of layers to leave alone, such as norm, to_out, with commas between them.
    """
    words = tuple(word.strip() for word in keep.split(",") if word.strip())
    made = quantized(model, format, words)
    context.report({"technique": "quantize_model", **storage_report(made.module, made.dtype)})
    return made
