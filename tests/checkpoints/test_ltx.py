"""LTX-Video: transformer and every version of its autoencoder, apart and in one file."""

import json
from pathlib import Path
from typing import Any

import diffusers.loaders.single_file_utils as converters
import pytest
import torch
from safetensors.torch import save_file

from app.checkpoints.contents import find_part
from app.engine.media import Image
from app.engine.prediction import ModelInput
from app.engine.weights.building import build
from app.engine.weights.single_files import open_checkpoint, open_transformer
from app.graph.problem import Refusal
from tests.checkpoints.test_converters import agree
from tests.checkpoints.test_layouts import in_layout, same, written
from tests.tiny.layouts import random, stored, transformer
from tests.tiny.runs import run
from tests.tiny.video_vaes import ltx_video
from tests.tiny.walks import one_thread  # noqa: F401 -- a fixture for every test here
from tests.tiny.zoo import prompt

LATER: dict[str, Any] = {
    "decoder_block_out_channels": (16, 32, 64),
    "decoder_layers_per_block": (1, 1, 2, 1),
    "decoder_spatio_temporal_scaling": (True, True, True),
    "upsample_residual": (True, True, True),
    "upsample_factor": (2, 2, 2),
    "timestep_conditioning": True,
}
LTX: dict[str, dict[str, Any]] = {
    "0.9.0": {},
    "0.9.1": {**LATER, "decoder_inject_noise": (False, True, True, True)},
    "0.9.5": {
        **LATER,
        "block_out_channels": (4, 8, 16, 16, 32),
        "down_block_types": ("LTXVideo095DownBlock3D",) * 4,
        "layers_per_block": (1, 2, 1, 1, 1),
        "spatio_temporal_scaling": (True, True, True, True),
        "downsample_type": ("spatial", "temporal", "spatiotemporal", "spatiotemporal"),
        "decoder_inject_noise": (False, False, False, False),
        "spatial_compression_ratio": 32,
        "temporal_compression_ratio": 8,
    },
}


def ltx(version: str, channels: int = 8) -> Any:
    module = random(ltx_video(latent_channels=channels, **LTX[version]))
    torch.nn.init.uniform_(module.get_buffer("latents_mean"), generator=torch.Generator().manual_seed(1))
    return module


@pytest.mark.parametrize("version", LTX)
def test_the_autoencoders_of_ltx(version: str, tmp_path: Path) -> None:
    module, layout = ltx(version), f"original {version}"
    original = in_layout(module, "ltx-video", layout, "vae")
    theirs = converters.convert_ltx_vae_checkpoint_to_diffusers(
        {f"vae.{name}": tensor for name, tensor in original.items()}
        | ({"vae.encoder.conv_out.conv.weight": torch.ones(1, 2048)} if version == "0.9.5" else {})
    )
    if version == "0.9.5":  # their converter tells it by the published width
        theirs["encoder.conv_out.conv.weight"] = original["encoder.conv_out.conv.weight"]
    assert agree(theirs, stored(module))
    for name, weights in ((layout, original), ("diffusers", stored(module))):
        part = find_part(written(tmp_path / "vae.safetensors", weights), "vae")
        assert (part.architecture.name, part.layout.name, part.variant) == ("ltx-video", name, "8 channels")
        assert same(build(part), module)


def test_an_all_in_one_file_of_ltx(tmp_path: Path) -> None:
    """As Lightricks publishes it: the transformer and the autoencoder in one file."""
    module, coder = transformer("ltx-video", in_channels=128, out_channels=128), ltx("0.9.5", 128)
    parts = {
        "model.diffusion_model.": in_layout(module, "ltx-video", "original"),
        "vae.": in_layout(coder, "ltx-video", "original 0.9.5", "vae"),
    }
    weights = {prefix + name: tensor for prefix, part in parts.items() for name, tensor in part.items()}
    weights |= {"vae.per_channel_statistics.mean-of-stds": torch.ones(128)}
    path = written(tmp_path / "ltx.safetensors", weights)
    opened = open_checkpoint(path)
    assert opened.text_encoder is None and opened.vae is not None
    assert same(opened.model.module, module) and same(opened.vae.module, coder)
    assert opened.vae.family is opened.model.family
    latent = opened.vae.encode(Image(torch.rand(9, 32, 64, 3)))
    assert latent.samples.shape == (1, 128, 2, 1, 2)
    once, again = opened.vae.decode(latent).pixels, opened.vae.decode(latent).pixels
    assert once.shape == (9, 32, 64, 3) and torch.equal(once, again)
    mean = coder.get_buffer("latents_mean")
    raw = coder.encode(torch.zeros(1, 3, 1, 32, 32)).latent_dist.mode()
    grey = opened.vae.encode(Image(torch.full((1, 32, 32, 3), 0.5))).samples
    assert torch.allclose(grey, raw - mean.reshape(1, -1, 1, 1, 1), atol=1e-5)


@pytest.mark.parametrize("causal", [False, True])
def test_settings_in_the_header_of_ltx_reach_the_model(causal: bool, tmp_path: Path) -> None:
    module = transformer("ltx-video")
    weights = {name: x.contiguous() for name, x in in_layout(module, "ltx-video", "original").items()}
    settings = {"transformer": {"causal_temporal_positioning": causal}}
    save_file(weights, tmp_path / "ltx.safetensors", {"config": json.dumps(settings)})
    model = open_transformer(tmp_path / "ltx.safetensors")
    given = ModelInput(torch.zeros(1, 8, 2, 2, 2), 0.5, prompt(model))
    told = model.family.arguments(model.module, given)
    assert (told["video_coords"] is not None) == causal and same(model.module, module)
    assert run(model).isfinite().all()
    save_file(weights, tmp_path / "bad.safetensors", {"config": "{"})
    with pytest.raises(Refusal, match=r"settings in the header of .*bad\.safetensors cannot be read"):
        open_transformer(tmp_path / "bad.safetensors")
