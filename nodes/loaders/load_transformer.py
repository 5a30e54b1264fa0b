"""Load a transformer: the diffusion model alone, without text encoders and autoencoder."""

from __future__ import annotations

from typing import Annotated

from app.engine.families import FamilyChoice
from app.engine.model import Model
from app.engine.weights.building import Precision
from app.engine.weights.loading import import_libraries
from app.engine.weights.single_files import open_transformer
from app.engine.weights.storage_report import storage_report
from app.graph.node import Context, node
from app.graph.widgets import ModelFile


@node(prepare=import_libraries)
def load_transformer(
    context: Context,
    name: Annotated[str, ModelFile("diffusion_models")],
    precision: Precision = "auto",
    family: FamilyChoice = "auto",
) -> Model:
    """Open a diffusion transformer that lies apart from its text encoders and autoencoder.

    Args:
        name: A safetensors or GGUF file, in the layout of the authors, ComfyUI or diffusers.
        precision: How precisely to keep and compute; auto keeps quantised files as they are. int8_dynamic can
            be faster, as inputs are rounded too; the other choices of 8 and 4 bits save memory, not time.
        family: What it is, where its file does not tell: the files of SiT look like those of DiT.
    """
    model = open_transformer(context.model_path("diffusion_models", name), precision, family)
    context.report({"technique": "load_transformer", **storage_report(model.module, model.dtype)})
    return model
