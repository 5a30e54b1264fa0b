"""Load a text encoder: for families that read prompts with one."""

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
def load_text_encoder(
    context: Context,
    name: Annotated[str, ModelFile("text_encoders")],
    family: FamilyChoice = "auto",
) -> TextEncoder:
    """Open a text encoder that lies apart from its transformer.

    Args:
        name: A safetensors or GGUF file.
        family: Which family's transformer will read the result; auto takes the one that uses this encoder.
    """
    encoder = open_text_encoder([context.model_path("text_encoders", name)], family)
    context.report({"technique": "load_text_encoder", **encoders_report(encoder.modules)})
    return encoder
