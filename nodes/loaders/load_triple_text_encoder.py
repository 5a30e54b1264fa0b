"""Load three text encoders: for Stable Diffusion 3."""

from __future__ import annotations

from typing import Annotated

from app.engine.families import FamilyChoice
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.loading import import_libraries
from app.engine.weights.single_files import open_text_encoder
from app.engine.weights.storage_report import encoders_report
from app.graph.node import Context, node
from app.graph.widgets import ModelFile


@node(prepare=import_libraries)
def load_triple_text_encoder(
    context: Context,
    name_1: Annotated[str, ModelFile("text_encoders")],
    name_2: Annotated[str, ModelFile("text_encoders")],
    name_3: Annotated[str, ModelFile("text_encoders")],
    family: FamilyChoice = "auto",
) -> TextEncoder:
    """Open the three text encoders of a family.

    Args:
        name_1: A safetensors or GGUF file, such as CLIP-L.
        name_2: Another one, such as CLIP-G.
        name_3: Another one, such as T5-XXL; their order does not matter.
        family: Which family's transformer will read the result; auto takes the one that uses these encoders.
    """
    names = (name_1, name_2, name_3)
    encoder = open_text_encoder([context.model_path("text_encoders", name) for name in names], family)
    context.report({"technique": "load_triple_text_encoder", **encoders_report(encoder.modules)})
    return encoder
