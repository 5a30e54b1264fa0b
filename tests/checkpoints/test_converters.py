"""Our key maps against the converters of diffusers: the same names and the same rows for the same file.

Those converters count on the published widths, so that they get matrices of full height and one column.
"""

from collections.abc import Mapping

import diffusers.loaders.single_file_utils as converters
import pytest
import torch

from app.checkpoints.rules import translate
from app.engine.weights.tensors import assemble
from tests.checkpoints.test_layouts import in_layout
from tests.tiny.layouts import Weights, architecture, autoencoder, transformer

HEIGHTS = {
    "chroma": {"linear1": 7 * 3072},
    "hunyuan-video": {"linear1": 7 * 3072},
    "flux": {"linear1": 7 * 3072},
    "lumina2": {"attention.qkv": 2304 + 2 * 768},
}
CONVERTERS = {
    "flux": converters.convert_flux_transformer_checkpoint_to_diffusers,
    "sd3": converters.convert_sd3_transformer_checkpoint_to_diffusers,
    "wan": converters.convert_wan_transformer_to_diffusers,
    "lumina2": converters.convert_lumina2_to_diffusers,
    "ltx-video": converters.convert_ltx_transformer_checkpoint_to_diffusers,
    "hunyuan-video": converters.convert_hunyuan_video_transformer_to_diffusers,
    "flux2": converters.convert_flux2_transformer_checkpoint_to_diffusers,
    "z-image": converters.convert_z_image_transformer_checkpoint_to_diffusers,
    "chroma": converters.convert_chroma_transformer_checkpoint_to_diffusers,
}


def thin(weights: Weights, heights: Mapping[str, int]) -> Weights:
    """Return tensors of one column, as high as the converters want them, all different."""
    found = Weights()
    for count, (name, tensor) in enumerate(weights.items()):
        high = next((rows for part, rows in heights.items() if part in name), tensor.shape[0])
        column = torch.arange(high, dtype=torch.float64) + 1e6 * count
        found[name] = column if tensor.ndim == 1 else column[:, None]
    return found


def ours(name: str, kind: str, weights: Weights) -> Weights:
    rules = next(layout.rules for layout in architecture(name, kind).layouts if layout.name == "original")
    pieces = translate({name: tuple(tensor.shape) for name, tensor in weights.items()}, rules(weights))
    return {name: assemble(weights[piece.source], piece) for name, piece in pieces.items()}


def agree(one: Weights, other: Weights) -> bool:
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("name", CONVERTERS)
def test_transformers(name: str) -> None:
    full = in_layout(transformer(name), name, "original")
    weights = thin(full, HEIGHTS.get(name, {}))
    if name == "sd3":
        weights = {
            key: full[key] if "adaLN" in key or "context_embedder" in key else weights[key] for key in full
        }
    assert agree(ours(name, "transformer", weights), CONVERTERS[name](dict(weights)))


def test_the_latent_diffusion_autoencoder() -> None:
    module = autoencoder("kl")
    weights = in_layout(module, "kl", "original", "vae")
    theirs = converters.convert_ldm_vae_checkpoint(dict(weights), module.config)
    assert agree(ours("kl", "vae", weights), theirs)


def test_the_autoencoder_of_wan() -> None:
    weights = in_layout(autoencoder("wan"), "wan", "original", "vae")
    assert "decoder.upsamples.14.residual.6.weight" in weights
    assert agree(ours("wan", "vae", weights), converters.convert_wan_vae_to_diffusers(dict(weights)))
