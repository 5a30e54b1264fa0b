"""Watch sampling through a tiny autoencoder.

Reference: Boer Bohan, Tiny AutoEncoder for Stable Diffusion (2023), https://github.com/madebyollin/taesd
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from app.engine.latents.preview_decoder import open_preview_decoder
from app.engine.model import Model
from app.engine.weights.loading import import_libraries
from app.graph.node import Context, node
from app.graph.problem import Refusal
from app.graph.widgets import ModelFile


@node(prepare=import_libraries)
def load_preview_decoder(
    context: Context, model: Model, name: Annotated[str, ModelFile("vae_approx")]
) -> Model:
    """Show the steps of sampling as sharp pictures instead of rough colours; results stay the same.

    Args:
        model: The diffusion transformer.
        name: A tiny decoder for its latents: taef1 for Flux and its kin, taesd3 for SD3, taesdxl for PixArt.
    """
    decoder = open_preview_decoder(context.model_path("vae_approx", name))
    if decoder.channels != model.channels:
        raise Refusal(
            f"{name} decodes {decoder.channels} channels, latents of {model.family.name} have "
            f"{model.channels}.",
            "Choose the tiny decoder that belongs to the model.",
            code="wrong_part",
            input="name",
        )
    return replace(model, preview=decoder)
