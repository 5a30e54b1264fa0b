"""A class of the training data instead of a prompt, for class-conditional models."""

from __future__ import annotations

from typing import Annotated

from app.engine.conditioning import Conditioning
from app.engine.model import Model
from app.graph.node import node
from app.graph.problem import Refusal
from app.graph.widgets import Number


@node()
def encode_class(model: Model, number: Annotated[int, Number(-1, 100000)] = 0) -> Conditioning:
    """Turn the number of a class, such as one of ImageNet's, into a conditioning.

    Args:
        model: A class-conditional model.
        number: Which class; -1 for none, which is usual for the negative side of guidance.
    """
    if model.family.class_table is None:
        raise Refusal(
            f"A {model.family.name} model knows no classes.",
            "Describe the picture with Encode text.",
            code="no_classes",
            input="model",
        )
    table = model.family.class_table(model.module)
    none = len(table) - 1
    if number >= none:
        raise Refusal(
            f"number is {number}, the model knows the classes 0 to {none - 1}.",
            "Choose one of them, or -1 for none.",
            code="out_of_range",
            input="number",
        )
    row = none if number < 0 else number
    return Conditioning(table[None, row : row + 1].detach().cpu(), None, model.family.name)
