"""Preview colours fitted to an autoencoder."""

from __future__ import annotations

from dataclasses import replace

from app.engine.latents.vae import Vae
from app.engine.model import Model
from app.graph.node import node
from app.graph.problem import Refusal


@node()
def fit_preview(model: Model, vae: Vae) -> Model:
    """Learn from the autoencoder how its latents look, so that previews of any family have true colours.

    Args:
        model: The diffusion transformer; results stay the same.
        vae: Its autoencoder; it encodes one small test picture.
    """
    if vae.channels != model.channels:
        raise Refusal(
            f"The VAE writes {vae.channels} channels, latents of {model.family.name} have {model.channels}.",
            "Wire the autoencoder that belongs to the model.",
            code="wrong_part",
            input="vae",
        )
    return replace(model, preview=vae.preview())
