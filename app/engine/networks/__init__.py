"""Transformers that no library has as they were published, each whole in one file."""

from __future__ import annotations

from importlib import import_module
from typing import Any

HOMES = {
    "AutoencoderVAVAE": "va_vae",
    "ClassDiTTransformer2DModel": "dit",
    "DDTTransformer2DModel": "ddt",
    "DiTDHTransformer2DModel": "dit_dh",
    "FiTv2Transformer2DModel": "fitv2",
    "LightningDiTTransformer2DModel": "lightning_dit",
    "MistralStates": "mistral",
    "RepresentationAutoencoder": "rae",
    "TinyDecoder": "tiny_decoder",
}


def network(name: str) -> Any:
    """Return a class of ours by its name; None where a library has it."""
    home = HOMES.get(name)
    return getattr(import_module(f"{__name__}.{home}"), name) if home else None
