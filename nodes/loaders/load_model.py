"""Load a model: the transformer, its text encoder and its autoencoder, from one folder."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.latents.vae import Vae
from app.engine.memory.layerwise import Storage, store_parts
from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.loading import import_libraries, load_folder
from app.engine.weights.storage_report import encoders_report, storage_report
from app.graph.node import Context, node
from app.graph.widgets import ModelFile


class LoadedModel(NamedTuple):
    """The three parts of a text-to-image model."""

    model: Model
    text_encoder: TextEncoder
    vae: Vae


@node(prepare=import_libraries)
def load_model(
    context: Context, name: Annotated[str, ModelFile("models")] = "mini", storage: Storage = "full"
) -> LoadedModel:
    """Open a text-to-image model.

    Args:
        name: Folder of the model, in diffusers layout with safetensors weights. "mini" comes with Patchloom.
        storage: How weights are kept between uses. The choices of 8 bits take half of the memory or less, a
            little time, and some exactness; computing stays as precise as it is.
    """
    loaded = load_folder(context.model_path("models", name))
    for said in (
        storage_report(loaded.model.module, loaded.model.dtype),
        encoders_report(loaded.text_encoder.modules),
    ):
        if said["packed_layers"]:
            context.report({"technique": "load_model", **said})
    store_parts(loaded.model, loaded.text_encoder, storage)
    return LoadedModel(*loaded)
