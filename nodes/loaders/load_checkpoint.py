"""Load a checkpoint: transformer, text encoders and autoencoder from one file."""

from __future__ import annotations

from typing import Annotated, NamedTuple

from app.engine.latents.vae import Vae
from app.engine.memory.layerwise import Storage, store_parts
from app.engine.model import Model
from app.engine.prompts.text_encoder import TextEncoder
from app.engine.weights.loading import import_libraries
from app.engine.weights.single_files import open_checkpoint
from app.engine.weights.storage_report import encoders_report, storage_report
from app.graph.node import Blocked, Context, node
from app.graph.widgets import ModelFile


class LoadedCheckpoint(NamedTuple):
    """The parts of a checkpoint; a part that the file lacks stops what asks for it, with a reason."""

    model: Model
    text_encoder: TextEncoder
    vae: Vae


@node(prepare=import_libraries)
def load_checkpoint(
    context: Context, name: Annotated[str, ModelFile("checkpoints")], storage: Storage = "full"
) -> LoadedCheckpoint:
    """Open a model that is one safetensors file.

    Args:
        name: The file. Which family it is, and what else it holds, its header tells.
        storage: How weights are kept between uses. The choices of 8 bits take half of the memory or less, a
            little time, and some exactness; computing stays as precise as it is.
    """
    model, text_encoder, vae = open_checkpoint(context.model_path("checkpoints", name))
    context.report({"technique": "load_checkpoint", **storage_report(model.module, model.dtype)})
    if text_encoder:
        context.report({"technique": "load_checkpoint", **encoders_report(text_encoder.modules)})
    store_parts(model, text_encoder, storage)
    return LoadedCheckpoint(
        model,
        text_encoder or Blocked(f"{name} holds no text encoder; add a Load text encoder node."),  # type: ignore[arg-type]
        vae or Blocked(f"{name} holds no autoencoder; add a Load VAE node."),  # type: ignore[arg-type]
    )
