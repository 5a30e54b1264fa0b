"""Load a transformer: the diffusion model alone, without text encoders and autoencoder."""

from __future__ import annotations

from typing import Annotated, Literal

import torch

from app.engine.loading import import_libraries
from app.engine.model import Model
from app.engine.single_files import open_transformer
from app.graph.node import Context, node
from app.graph.widgets import ModelFile

Precision = Literal["auto", "float32", "bfloat16", "float16"]


@node(prepare=import_libraries)
def load_transformer(
    context: Context,
    name: Annotated[str, ModelFile("diffusion_models")],
    precision: Precision = "auto",
) -> Model:
    """Open a diffusion transformer that lies apart from its text encoders and autoencoder.

    Args:
        name: A safetensors file in the authors' layout, ComfyUI's or diffusers'; its header tells which.
        precision: How precisely to compute; auto takes what suits the device.
    """
    dtype = None if precision == "auto" else getattr(torch, precision)
    return open_transformer(context.model_path("diffusion_models", name), dtype)
