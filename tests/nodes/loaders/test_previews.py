"""Nodes that say how sampling is shown: the result stays the same, what is seen on the way changes."""

from dataclasses import replace

import pytest
import torch
from diffusers import AutoencoderTiny

from app.graph.problem import Refusal
from nodes.loaders.fit_preview import fit_preview
from nodes.loaders.load_model import LoadedModel
from nodes.loaders.load_preview_decoder import load_preview_decoder
from tests.engine.latents.test_preview_decoder import written
from tests.nodes.loaders.test_loaders import Shelf, shelf  # noqa: F401 -- a fixture
from tests.tiny.layouts import random
from tests.tiny.recorder import Recorder
from tests.tiny.runs import close, run
from tests.tiny.zoo import build


def test_a_tiny_decoder_shows_the_steps(shelf: Shelf) -> None:  # noqa: F811
    model = build("flux")
    tiny = random(AutoencoderTiny(latent_channels=model.channels))
    written(shelf.root / "tiny.safetensors", tiny, "original")  # type: ignore[arg-type]
    shown, plain = Recorder(), Recorder()
    seen = load_preview_decoder(shelf, model, "tiny.safetensors")
    assert torch.equal(run(seen, shown), run(model, plain))
    assert shown.previews[0] != plain.previews[0]


def test_another_models_tiny_decoder_is_refused(shelf: Shelf) -> None:  # noqa: F811
    written(shelf.root / "tiny.safetensors", random(AutoencoderTiny(latent_channels=7)), "original")  # type: ignore[arg-type]
    with pytest.raises(Refusal, match="decodes 7 channels, latents of flux have 4"):
        load_preview_decoder(shelf, build("flux"), "tiny.safetensors")


def test_colours_fitted_to_the_autoencoder_are_those_of_the_loader(mini: LoadedModel) -> None:
    blind = replace(mini.model, preview=None)
    cells = torch.randn(blind.channels, 3, 4)
    fitted = fit_preview(blind, mini.vae).preview
    assert fitted and mini.model.preview
    assert close(fitted.colours(cells), mini.model.preview.colours(cells))
    with pytest.raises(Refusal, match="The VAE writes"):
        fit_preview(build("wan"), mini.vae)
