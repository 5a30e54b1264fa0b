"""Tiny decoders: the same pictures as diffusers makes of the same weights, in both layouts."""

from pathlib import Path

import pytest
import torch
from diffusers import AutoencoderTiny
from safetensors.torch import save_file

from app.engine.latents.latent_colours import COLOURS, known_colours
from app.engine.latents.preview import jpeg
from app.engine.latents.preview_decoder import open_preview_decoder
from app.graph.problem import Refusal
from tests.tiny.layouts import random
from tests.tiny.zoo import ZOO, build


@pytest.fixture(scope="module")
def theirs() -> AutoencoderTiny:
    return random(AutoencoderTiny(latent_channels=16))  # type: ignore[return-value]


def written(path: Path, model: AutoencoderTiny, layout: str) -> Path:
    weights = model.state_dict()
    if layout == "original":
        start = "decoder.layers."
        own = {name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)}
        weights = {
            f"{int(name.partition('.')[0]) + 1}.{name.partition('.')[2]}": value
            for name, value in own.items()
        }
    save_file({name: value.contiguous() for name, value in weights.items()}, path)
    return path


@pytest.mark.parametrize("layout", ["original", "diffusers"])
def test_decodes_as_diffusers_does(layout: str, theirs: AutoencoderTiny, tmp_path: Path) -> None:
    decoder = open_preview_decoder(written(tmp_path / "taef1.safetensors", theirs, layout))
    cells = torch.randn(16, 6, 8, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        expected = (theirs.decode(cells[None]).sample[0].movedim(0, -1) / 2 + 0.5).clamp(0, 1)
    assert decoder.channels == 16
    assert torch.allclose(decoder.colours(cells), expected, atol=1e-5)
    assert jpeg(cells[None], decoder, 8)[:2] == b"\xff\xd8"


def test_what_is_no_tiny_decoder_is_refused(tmp_path: Path) -> None:
    save_file({"weight": torch.ones(2)}, tmp_path / "other.safetensors")
    with pytest.raises(Refusal, match=r"other\.safetensors"):
        open_preview_decoder(tmp_path / "other.safetensors")


@pytest.mark.parametrize("name", ZOO)
def test_published_colours_have_a_channel_each(name: str) -> None:
    latent = build(name).family.latent
    found = COLOURS.get((latent.autoencoder, latent.scale))
    channels = len(found[0]) if found else 0
    assert found is None or latent.autoencoder.endswith(f"-{channels}")
    assert (known_colours(latent, channels) is None) == (found is None)
    assert known_colours(latent, 3) is None
