"""Load a VAE: the autoencoder alone."""

from __future__ import annotations

from typing import Annotated

from app.engine.families import FamilyChoice
from app.engine.latents.vae import Vae
from app.engine.weights.loading import import_libraries
from app.engine.weights.single_files import open_vae
from app.graph.node import Context, node
from app.graph.widgets import ModelFile


@node(prepare=import_libraries, title="Load VAE")
def load_vae(
    context: Context,
    name: Annotated[str, ModelFile("vae")],
    family: FamilyChoice = "auto",
) -> Vae:
    """Open an autoencoder that lies apart from its transformer.

    Args:
        name: A safetensors file.
        family: Whose latents it writes. With auto it reads the latents of every family that shares it, and
            writes those of the best known one: choose a family to encode pictures for another.
    """
    return open_vae(context.model_path("vae", name), family)
